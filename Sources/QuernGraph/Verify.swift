import QuernErrors

// What every graph must satisfy: the builder sees to it, passes and readers are checked by it.

extension Graph {
  /// Checks the order of operands, the type and shape of every node against its op, the axes that
  /// index maps name, its origins, outputs and updates.
  ///
  /// - Throws: `QuernError` that names the first node that is wrong.
  public func verify() throws(QuernError) {
    var inputs: Set<String> = []
    for id in ids {
      let node = self[id]
      for operand in node.operands where !(0..<id.index).contains(operand.index) {
        throw wrong(id, "operand \(operand) does not come before it", "order operands first")
      }
      if case .input(let input) = node.op, !inputs.insert(input.name).inserted {
        throw wrong(id, "two inputs are named \(input.name)", "name one of them differently")
      }
      try verify(node.origins, of: id)
      try verify(id)
    }
    var names: Set<String> = []
    for output in outputs {
      guard nodes.indices.contains(output.node.index) else {
        throw QuernError(
          output.name, "it is \(output.node), of \(nodes.count) nodes", remedy: "name a node")
      }
      guard names.insert(output.name).inserted else {
        throw QuernError(
          output.name, "two outputs have this name", remedy: "name one of them differently")
      }
    }
    try verifyUpdates()
  }

  private func verifyUpdates() throws(QuernError) {
    var updated: Set<NodeID> = []
    for update in updates {
      guard nodes.indices.contains(update.input.index), nodes.indices.contains(update.value.index),
        case .input(let input) = self[update.input].op
      else {
        throw QuernError("update", "\(update.input) is not an input", remedy: "update inputs only")
      }
      guard self[update.input].type == self[update.value].type else {
        throw QuernError(
          input.name,
          "its type is \(self[update.input].type), its update's \(self[update.value].type)",
          remedy: "give the update the input's shape")
      }
      guard updated.insert(update.input).inserted else {
        throw QuernError(input.name, "it is updated twice", remedy: "keep one of the updates")
      }
    }
  }

  /// How many nodes the given graph had is not known here: a pass may have left fewer, or made more.
  private func verify(_ origins: Origins, of id: NodeID) throws(QuernError) {
    guard let first = origins.nodes.first else {
      throw wrong(id, "it has no origins", "give it those of the nodes that it stands for")
    }
    guard first.index >= 0 else {
      throw wrong(id, "it comes from node \(first)", "name nodes of the given graph")
    }
  }

  private func wrong(_ id: NodeID, _ problem: String, _ remedy: String) -> QuernError {
    let node = self[id]
    let label = node.label.isEmpty ? "" : " of \(node.label)"
    return QuernError("\(id) (\(node.op.name)\(label))", problem, remedy: remedy)
  }

  private func verify(_ id: NodeID) throws(QuernError) {
    let node = self[id]
    let operands = node.operands.map { self[$0].type }
    func expect(_ type: TensorType?) throws(QuernError) {
      guard let type else {
        throw wrong(
          id, "it does not take operands \(operands.map(\.description))", "convert or reshape them")
      }
      guard node.type == type else {
        throw wrong(id, "its type is \(node.type), its op makes \(type)", "give it that type")
      }
    }
    switch node.op {
    case .input: try expect(operands.isEmpty ? node.type : nil)
    case .constant(let value):
      try expect(operands.isEmpty ? node.type : nil)
      let exact =
        switch node.type.element {
        case .float32: true
        case .int32: Int32(exactly: value) != nil
        case .uint8: UInt8(exactly: value) != nil
        }
      guard exact else {
        throw wrong(id, "\(value) is no \(node.type.element.rawValue)", "use a value of the type")
      }
    case .iota(let dimension):
      let inside = dimension.map { (0..<node.shape.rank).contains($0) } ?? true
      let fits = node.shape.elementCount <= Int(Int32.max)
      try expect(operands.isEmpty && inside && fits ? TensorType(.int32, node.shape) : nil)
    case .elementwise(let op): try expect(elementwiseType(op, operands))
    case .contraction(let contraction):
      try verify(id, contraction)
      let element = contraction.isMovement ? operands[0].element : .float32
      try expect(TensorType(element, contraction.outputShape))
    case .maximum(let window):
      try verify(id, window)
      try expect(TensorType(operands[0].element, window.outputShape))
    case .maximumPosition(let window):
      try verify(id, window)
      try expect(TensorType(.int32, window.outputShape))
    case .reshape:
      let same =
        operands.count == 1 && operands[0].shape.elementCount == node.shape.elementCount
      try expect(same ? TensorType(operands[0].element, node.shape) : nil)
    case .concatenate(let dimension): try expect(concatenatedType(dimension, operands))
    case .tileTransform(let transform):
      try verify(id, transform)
      try expect(TensorType(.float32, transform.outputShape))
    }
  }

  private func elementwiseType(_ op: ElementwiseOp, _ operands: [TensorType]) -> TensorType? {
    guard let element = op.resultType(operands.map(\.element)),
      operands.allSatisfy({ $0.shape.rank == operands[0].shape.rank })
    else { return nil }
    var extents = operands[0].shape.extents
    for operand in operands.dropFirst() {
      for (dimension, extent) in operand.shape.extents.enumerated() where extent != 1 {
        guard extents[dimension] == 1 || extents[dimension] == extent else { return nil }
        extents[dimension] = extent
      }
    }
    return TensorType(element, Shape(extents))
  }

  private func concatenatedType(_ dimension: Int, _ operands: [TensorType]) -> TensorType? {
    guard var extents = operands.first?.shape.extents, extents.indices.contains(dimension) else {
      return nil
    }
    for operand in operands.dropFirst() {
      var others = operand.shape.extents
      guard others.count == extents.count, operand.element == operands[0].element else {
        return nil
      }
      extents[dimension] += others[dimension]
      others[dimension] = extents[dimension]
      guard others == extents else { return nil }
    }
    return TensorType(operands[0].element, Shape(extents))
  }

  private func verify(_ id: NodeID, _ contraction: Contraction) throws(QuernError) {
    let node = self[id]
    guard 1...2 ~= contraction.factors.count, node.operands.count == contraction.factors.count
    else {
      throw wrong(
        id, "\(contraction.factors.count) factors, \(node.operands.count) operands",
        "give one or two factors, an operand each")
    }
    try verify(id, axes: contraction.axes, outputRank: contraction.outputRank)
    for (factor, operand) in zip(contraction.factors, node.operands) {
      let expressions = factor.map + (factor.match.map { [$0] } ?? [])
      try verify(id, expressions, factor.map.count, self[operand], contraction.axes)
      let element = self[operand].type.element
      guard contraction.isMovement || element == (factor.match == nil ? .float32 : .int32) else {
        throw wrong(
          id, "a factor is \(element.rawValue)", "multiply float32 tensors; match int32 tensors")
      }
    }
  }

  private func verify(_ id: NodeID, _ transform: TileTransform) throws(QuernError) {
    let node = self[id]
    guard node.operands.count == 1, self[node.operands[0]].type.element == .float32 else {
      throw wrong(id, "it takes one float32 tensor", "give one operand")
    }
    guard transform.outputSide > 0, transform.inputSide > 0,
      transform.matrix.allSatisfy({ $0.count == transform.inputSide })
    else { throw wrong(id, "its matrix is empty or ragged", "give rows of one length") }
    let mixed: (side: Int, mixing: PairMixing)? =
      switch transform.mixing {
      case .none: nil
      case .after(let mixing): (transform.outputSide, mixing)
      case .before(let mixing): (transform.inputSide, mixing)
      }
    if let (side, mixing) = mixed {
      guard side == mixing.side, mixing.edge.allSatisfy({ $0.count == 2 }),
        mixing.inner.allSatisfy({ $0.count == 4 })
      else {
        throw wrong(
          id, "it mixes tiles of \(mixing.side) places a side, and its own have \(side)",
          "give a mixing of 2 single values and \(side / 2 - 1) pairs, with rows of 2 and of 4 numbers"
        )
      }
    }
    try verify(id, axes: transform.axes, outputRank: transform.axes.count)
    let operand = self[node.operands[0]]
    try verify(id, transform.input, transform.input.count, operand, transform.inputAxes)
    try verify(id, transform.output, transform.output.count, node, transform.outputAxes)
  }

  private func verify(_ id: NodeID, _ window: Window) throws(QuernError) {
    let node = self[id]
    guard node.operands.count == 1 else {
      throw wrong(id, "\(node.operands.count) operands", "give one operand")
    }
    let operand = self[node.operands[0]]
    guard operand.type.element != .uint8 else {
      throw wrong(id, "its operand is uint8", "convert it first")
    }
    try verify(id, axes: window.axes, outputRank: window.outputRank)
    try verify(id, window.map, window.map.count, operand, window.axes)
    let reach = window.axes[window.outputRank...].reduce(1) { $0 * $1.extent }
    guard reach <= Int(Int32.max) else {
      throw wrong(id, "its window holds \(reach) positions", "use a smaller window")
    }
  }

  private func verify(_ id: NodeID, axes: [Axis], outputRank: Int) throws(QuernError) {
    guard (0...axes.count).contains(outputRank) else {
      throw wrong(id, "output rank \(outputRank) of \(axes.count) axes", "list output axes first")
    }
    if let axis = axes.first(where: { $0.extent < 1 }) {
      throw wrong(
        id, "axis \(axis.name) has extent \(axis.extent)", "give every axis at least extent 1")
    }
  }

  private func verify(
    _ id: NodeID, _ expressions: [AffineExpression], _ dimensions: Int, _ operand: Node,
    _ axes: [Axis]
  ) throws(QuernError) {
    guard dimensions == operand.shape.rank else {
      throw wrong(
        id, "\(dimensions) indices for an operand of shape \(operand.shape)",
        "give one index for each dimension")
    }
    for term in expressions.flatMap(\.terms) where !axes.indices.contains(term.axis) {
      throw wrong(
        id, "an index names axis \(term.axis) of \(axes.count)", "name one of its own axes")
    }
  }
}
