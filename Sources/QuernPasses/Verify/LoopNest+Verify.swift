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

/// Checks that every kernel has origins, those of all nodes that it computes among them.
func verifyOrigins(_ kernels: [Kernel], in graph: Graph) throws {
  for kernel in kernels {
    guard !kernel.origins.isEmpty else { throw defect(kernel.name, "it has no origins") }
    for id in kernel.nodes where !kernel.origins.isSuperset(of: graph[id].origins) {
      throw defect(kernel.name, "it computes \(id), and lacks some of its origins")
    }
    for id in kernel.inlined
    where !Set(graph[id].origins.nodes).isSubset(of: kernel.origins.nodes) {
      throw defect(kernel.name, "it computes \(id) where it reads it, and lacks its origins")
    }
  }
}

/// Checks nests and origins, and that what kernels store covers each tensor once.
func verifyKernels(_ kernels: [Kernel], in views: ViewedGraph) throws {
  try verifyNests(kernels)
  try verifyOrigins(kernels, in: views.graph)
  var stored: [NodeID: Int] = [:]
  for kernel in kernels {
    for nest in kernel.nests {
      for store in nest.stores {
        let access = nest.access(store)
        let positions = nest.axes[..<nest.outputRank].enumerated().reduce(1) { count, axis in
          let isUsed = access.map.contains { $0.coefficient(of: axis.offset) != 0 }
          return isUsed ? count * axis.element.extent : count
        }
        stored[access.tensor, default: 0] += positions
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

extension LoopNest<TensorAccess> {
  /// Axes, values and stores refer to what there is.
  func verify(_ kernel: String) throws {
    try verifyReferences(kernel)
    for access in accesses {
      guard access.map.count == access.view.rank else {
        throw defect(kernel, "\(access.map.count) indices into \(access.view)")
      }
      for term in access.map.flatMap(\.terms) {
        guard axes.indices.contains(term.axis) else {
          throw defect(kernel, "an index names axis \(term.axis) of \(axes.count)")
        }
        if access.isWritten, axes[term.axis].kind.isInner {
          throw defect(kernel, "it stores at reduction axis \(axes[term.axis].name)")
        }
      }
    }
  }
}

extension LoopNest {
  /// Numbers are those of values, accesses and indices that there are; axes are in order.
  func verifyReferences(_ kernel: String) throws {
    guard axes.allSatisfy({ $0.extent >= 1 }) else {
      throw defect(kernel, "axes of \(axes.map(\.extent))")
    }
    for (number, axis) in axes.enumerated() where axis.kind == .region && number > 0 {
      throw defect(kernel, "the region's axis \(axis.name) is number \(number), not the first")
    }
    for (number, value) in values.enumerated() { try verify(value, number, kernel) }
    for (number, value) in term.enumerated() { try verify(value, number, kernel) }
    for factor in factors { try verifyAccess(factor.access, isWritten: false, kernel) }
    for index in factors.compactMap(\.match) { try verifyIndex(index, kernel) }
    for store in stores {
      try verifyAccess(store.access, isWritten: true, kernel)
      guard values.indices.contains(store.value) else {
        throw defect(kernel, "it stores value \(store.value) of \(values.count)")
      }
    }
    for index in indices + [position] {
      for term in index.terms where !axes.indices.contains(term.axis) {
        throw defect(kernel, "an index names axis \(term.axis) of \(axes.count)")
      }
    }
  }

  private func verifyAccess(_ number: Int, isWritten: Bool, _ kernel: String) throws {
    guard accesses.indices.contains(number), accesses[number].isWritten == isWritten else {
      throw defect(
        kernel, "it \(isWritten ? "stores" : "reads") at access \(number) of \(accesses.count)")
    }
  }

  private func verifyIndex(_ number: Int, _ kernel: String) throws {
    guard indices.indices.contains(number) else {
      throw defect(kernel, "it names index \(number) of \(indices.count)")
    }
  }

  private func verify(_ value: NestValue, _ number: Int, _ kernel: String) throws {
    switch value {
    case .apply(let op, let operands, _):
      guard operands.allSatisfy({ (0..<number).contains($0) }) else {
        throw defect(kernel, "\(op.rawValue) takes values \(operands), and is value \(number)")
      }
    case .factor(let factor) where !factors.indices.contains(factor):
      throw defect(kernel, "a term takes factor \(factor) of \(factors.count)")
    case .read(let access, _): try verifyAccess(access, isWritten: false, kernel)
    case .index(let index): try verifyIndex(index, kernel)
    case .accumulator, .factor, .position, .constant: break
    }
  }
}
