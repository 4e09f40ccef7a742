import QuernConcurrency
import QuernErrors
import QuernMachine
import QuernPasses
import QuernVectors
import Synchronization

/// A program of whose loop nests it is known how each is cut into tiles, so that memory and shares of work
/// are known. Nests of one shape are scheduled once. Their text is still to be written.
///
/// Nests are scheduled and written on all cores: each looks at nothing but the program.
package struct ScheduledProgram: Sendable {
  package let program: Program
  package let options: CodegenOptions
  /// By kernel.
  private let uses: [[NestInstance]]
  /// By kernel and nest: its group, of nests of one shape. Groups are numbered as they come up.
  private let groups: [[Int]]
  /// By group: the first nest, in whose names it is written, and all of them.
  private let leaders: [NestInstance]
  private let sharers: [[String]]
  private let writers: [MacroKernelWriter]

  /// - Parameter addressed: with names for C.
  package init(_ addressed: AddressedProgram, _ options: CodegenOptions) {
    program = addressed.program
    self.options = options
    uses = program.kernels.indices.map { NestInstance.all(of: $0, in: addressed, options) }
    var groupOf: [NestInstance.Shape: Int] = [:]
    var members: [[NestInstance]] = []
    groups = uses.map { nests in
      nests.map { use in
        let group = groupOf[use.shape, default: members.count]
        if group < members.count {
          members[group].append(use)
        } else {
          groupOf[use.shape] = group
          members.append([use])
        }
        return group
      }
    }
    let leaders = members.map { $0[0] }
    self.leaders = leaders
    sharers = members.map { $0.map(\.name) }
    writers = onAllCores(leaders.count) {
      MacroKernelWriter(leaders[$0], options)
    }
  }

  /// By kernel, its nests and their schedules. Nests of one shape have the names of the first.
  package var scheduledNests: [[ScheduledNest]] { groups.map { $0.map { writers[$0].tileLoops } } }

  /// By kernel, in how many shares its tiles are taken. Nests of one kernel have one for each thread.
  var shares: [Int] { groups.map { $0.first.map { writers[$0].shares } ?? options.threads } }

  /// The targets whose vectors the nests are computed with.
  var targets: Set<Target> { Set(writers.map(\.machine.target)) }

  /// Bytes of scratch memory a thread needs.
  var scratchBytes: Int { writers.reduce(0) { max($0, $1.scratchBytes) } }

  /// What must be packed before the first step, and for which kernel.
  var panels: [(use: NestInstance, panels: PreparedPanels)] {
    zip(uses.joined(), groups.joined()).compactMap { use, group in
      writers[group].prepared.map { (use, $0) }
    }
  }

  /// Writes the kernels, and hands them on in the program's order, each as soon as it and all before it
  /// are there.
  ///
  /// - Parameter privateOffset: where the threads' private memory starts in the arena.
  func write(privateOffset: Int, _ take: @Sendable (CText) -> Void) throws {
    // What has been written, and how many kernels have been handed on.
    let done = Mutex((nests: [WrittenNest](), kernels: 0))
    try onAllCores(writers.count) { group in
      var writer = writers[group]
      do {
        return try writer.write()
      } catch VectorError.offsetOutOfRange(let address) {
        throw QuernError(
          leaders[group].name,
          "a tile reaches \(address.offset) bytes from where it starts; 2 GiB are possible",
          remedy: "use a smaller batch, or a smaller layer")
      }
    } inOrder: { nest in
      let (nests, ready) = done.withLock { done in
        done.nests.append(nest)
        let count = done.nests.count
        let first = done.kernels
        // Groups come up in the kernels' order.
        let missing = groups[first...].firstIndex { !$0.allSatisfy { $0 < count } }
        done.kernels = missing ?? groups.count
        return (done.nests, first..<done.kernels)
      }
      for position in ready { take(text(of: position, nests, privateOffset)) }
    }
  }

  private func text(
    of position: Int, _ written: [WrittenNest], _ privateOffset: Int
  ) -> CText {
    let writer = KernelWriter(
      program: program, position: position, options: options, privateOffset: privateOffset)
    return writer.text(
      zip(uses[position], groups[position]).map { use, group in
        KernelWriter.Part(
          use: use, written: written[group], leader: leaders[group], sharers: sharers[group])
      })
  }
}
