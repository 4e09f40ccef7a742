import QuernGraph

/// What a network consists of and costs, for one example and forward only.
public struct NetworkSummary: Sendable, Hashable, Codable {
  public struct Row: Sendable, Hashable, Codable {
    /// Full name: `residual1.conv2`.
    public var name: String
    public var kind: String
    /// Without the batch: (H, W, C) or (F).
    public var outputShape: [Int]
    /// Elements of the layer's own parameters.
    public var parameters: Int
    /// Multiply-adds of the layer's own products, those with padding included.
    public var multiplyAdds: Int
    /// Of one output, along height and width; nil where the output is no picture.
    public var receptiveField: [ReceptiveField]?
  }

  public var name: String
  /// Without the batch: (H, W, C) or (F).
  public var inputShape: [Int]
  /// In the order of computation; a layer that holds others comes after them.
  public var layers: [Row]
  public var parameters: Int
  public var multiplyAdds: Int
  /// Bytes of the compiled network's arena, where it has been compiled.
  public var arenaBytes: Int?
}

extension Network {
  /// Layers, shapes, parameters, multiply-adds and receptive fields.
  ///
  /// - Throws: `GraphError` as ``build(batch:mode:in:)`` does.
  public func summary() throws(GraphError) -> NetworkSummary {
    let built = try build(batch: 1, mode: .inference, in: GraphBuilder())
    let graph = built.builder.graph
    var fields: [NodeID: [ReceptiveField]?] = [:]
    let rows = built.layers.map { layer in
      let field = fields[layer.node] ?? graph.receptiveField(of: layer.node, in: built.input.id)
      fields[layer.node] = field
      return NetworkSummary.Row(
        name: layer.name, kind: layer.kind,
        outputShape: Array(layer.outputShape.extents.dropFirst()),
        parameters: layer.parameterCount, multiplyAdds: layer.multiplyAdds, receptiveField: field)
    }
    return NetworkSummary(
      name: name, inputShape: input.extents, layers: rows,
      parameters: built.parameters.reduce(0) { $0 + $1.shape.elementCount },
      multiplyAdds: rows.reduce(0) { $0 + $1.multiplyAdds })
  }
}
