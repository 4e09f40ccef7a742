import QuernGraph

/// Checks the nests of kernels by themselves: axes, values, stores.
func verifyNests(_ kernels: [Kernel]) throws {
  var names: Set<String> = []
  for kernel in kernels {
    guard names.insert(kernel.name).inserted, kernel.name == kernel.name.asIdentifier else {
      throw defect(kernel.name, "its name is another's, or none in C")
    }
    guard !kernel.nests.isEmpty else { throw defect(kernel.name, "it has no loop nest") }
    for nest in kernel.nests { try nest.verify(kernel.name) }
  }
}

/// Checks nests, and that what kernels store covers each tensor once.
func verifyKernels(_ kernels: [Kernel], in views: ViewedGraph) throws {
  try verifyNests(kernels)
  var stored: [NodeID: Int] = [:]
  for kernel in kernels {
    for nest in kernel.nests {
      for store in nest.stores {
        let positions = nest.axes[..<nest.outputRank].enumerated().reduce(1) { count, axis in
          let isUsed = store.access.map.contains { $0.coefficient(of: axis.offset) != 0 }
          return isUsed ? count * axis.element.extent : count
        }
        stored[store.access.tensor, default: 0] += positions
      }
    }
  }
  for (tensor, count) in stored {
    let elements = views.graph[tensor].shape.elementCount
    guard count == elements else {
      throw defect("\(tensor)", "\(count) elements are stored, and it has \(elements)")
    }
  }
}

extension LoopNest {
  /// Axes, values and stores refer to what there is.
  func verify(_ kernel: String) throws {
    guard (0...axes.count).contains(outputRank), axes.allSatisfy({ $0.extent >= 1 }) else {
      throw defect(kernel, "\(outputRank) output axes of \(axes.map(\.extent))")
    }
    for (number, value) in values.enumerated() { try verify(value, number, kernel) }
    for (number, value) in term.enumerated() { try verify(value, number, kernel) }
    for store in stores where !values.indices.contains(store.value) {
      throw defect(kernel, "it stores value \(store.value) of \(values.count)")
    }
    for access in reads + stores.map(\.access) {
      guard access.map.count == access.view.rank else {
        throw defect(kernel, "\(access.map.count) indices into \(access.view)")
      }
      for term in access.map.flatMap(\.terms) where !axes.indices.contains(term.axis) {
        throw defect(kernel, "an index names axis \(term.axis) of \(axes.count)")
      }
    }
    for store in stores {
      for term in store.access.map.flatMap(\.terms) where term.axis >= outputRank {
        throw defect(kernel, "it stores at reduction axis \(axes[term.axis].name)")
      }
    }
  }

  private func verify(_ value: Value, _ number: Int, _ kernel: String) throws {
    switch value {
    case .apply(let op, let operands, _):
      guard operands.allSatisfy({ (0..<number).contains($0) }) else {
        throw defect(kernel, "\(op.rawValue) takes values \(operands), and is value \(number)")
      }
    case .factor(let factor) where !factors.indices.contains(factor):
      throw defect(kernel, "a term takes factor \(factor) of \(factors.count)")
    default: break
    }
  }
}
