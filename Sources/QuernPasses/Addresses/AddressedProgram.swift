import QuernErrors
import QuernGraph

/// A program with its nests as they become C: tensors have addresses, and axes are as few as these allow.
public struct AddressedProgram: Sendable {
  public let program: Program
  /// By kernel.
  public package(set) var nests: [[MemoryNest]]

  /// Gives every access its address.
  ///
  /// - Throws: `QuernError` where a tensor has no storage, which is a defect.
  public init(_ program: Program) throws(QuernError) {
    self.program = program
    nests = []
    nests.reserveCapacity(program.kernels.count)
    for (position, kernel) in program.kernels.enumerated() {
      // What runs before the first step finds nothing prepared.
      let fixed = position < program.preparedCount ? [] : program.fixed
      var own: [MemoryNest] = []
      for nest in kernel.nests {
        guard let nest = MemoryNest(nest, program.storages, fixed: fixed) else {
          throw defect(kernel.name, "it touches a tensor without a storage")
        }
        own.append(nest)
      }
      nests.append(own)
    }
  }

  /// The same with every nest changed.
  package func mapNests(_ change: (inout MemoryNest) -> Void) -> Self {
    var result = self
    for kernel in result.nests.indices {
      for nest in result.nests[kernel].indices { change(&result.nests[kernel][nest]) }
    }
    return result
  }
}

extension AddressedProgram: CustomStringConvertible {
  /// Each nest's loops, and the bytes from where each tensor is touched to where it is in the next step.
  public var description: String {
    zip(program.kernels, nests).map { kernel, nests in
      nests.enumerated().map { number, nest in
        let name = nests.count == 1 ? kernel.name : "\(kernel.name), part \(number)"
        return name + "\n" + nest.lines.map { "  " + $0 + "\n" }.joined()
      }.joined()
    }.joined(separator: "\n")
  }
}

extension LoopNest<MemoryAccess> {
  fileprivate var lines: [String] {
    let loops = axes.map { axis in
      switch axis.kind {
      case .output: "\(axis.name)<\(axis.extent)"
      case .reduction: "Σ \(axis.name)<\(axis.extent)"
      case .region: "chunk \(axis.name)<\(axis.extent)"
      case .tileOutput, .tileInput: "tile \(axis.name)<\(axis.extent)"
      }
    }
    let names = axes.map(\.name)
    return ["for " + (loops.isEmpty ? "one element" : loops.joined(separator: ", "))]
      + accesses.map { access in
        let steps = zip(names, access.strides).filter { $1 != 0 }.map { "\($1)·\($0)" }
        let place = ["\(access.offset)"] + steps
        return
          "\(access.isWritten ? "write" : "read") \(access.tensor), \(access.element.rawValue) at "
          + place.joined(separator: " + ") + (access.isPrivate ? " of the thread's own" : "")
      }
  }
}
