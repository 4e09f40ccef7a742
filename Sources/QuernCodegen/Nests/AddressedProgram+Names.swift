import QuernGraph
import QuernPasses

extension AddressedProgram {
  /// The same with names for C: of loops and of pointers, no two of a kernel alike.
  package func namedForC() -> Self {
    let graph = program.graph
    return mapNests { nest in
      nest.nameAccesses(graph)
      nest.nameAxes()
    }
  }
}

extension LoopNest<MemoryAccess> {
  /// A tensor is called as the input is that it is, or by its node's number.
  fileprivate mutating func nameAccesses(_ graph: Graph) {
    for index in accesses.indices {
      let tensor = accesses[index].tensor
      var name = "t\(tensor.index)"
      if case .input(let input) = graph[tensor].op { name = "p_" + input.name.asIdentifier }
      // There are few: looking through them takes less time than hashing.
      while accesses[..<index].contains(where: { $0.name == name }) { name += "_" }
      accesses[index].name = name
    }
  }

  /// Two axes of one name would hide each other in C, and one that bears another thing's name that.
  fileprivate mutating func nameAxes() {
    var named = axes
    for index in axes.indices {
      var name = AxisNames.plain(axes[index].name)
      if axes[index].kind != .region, AxisNames.isTaken(name) { name += "_" }
      while named[..<index].contains(where: { $0.name == name }) { name += "_" }
      named[index].name = name
    }
    axes = named
  }
}
