import QuernErrors
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

  /// A trained tensor.
  public struct Tensor: Sendable, Hashable, Codable {
    /// Full name: `residual1.conv2.weight`.
    public var name: String
    public var shape: [Int]
    public var role: ParameterInfo.Role
    /// Product of the shape.
    public var elements: Int
  }

  public var name: String
  /// Without the batch: (H, W, C) or (F).
  public var inputShape: [Int]
  /// In the order of computation; a layer that holds others comes after them.
  public var layers: [Row]
  /// Every trained tensor, in the order of the layers.
  public var tensors: [Tensor]
  /// Elements of all of them.
  public var parameters: Int
  public var multiplyAdds: Int
  /// Bytes of the compiled network's arena, where it has been compiled.
  public var arenaBytes: Int?
  /// What the network's description suggests is a mistake: see ``receptiveFieldWarning``.
  public var warnings: [String]
}

extension NetworkSummary {
  /// The layer of products on pictures, usually a convolution, whose outputs see most of the picture:
  /// the last one, unless it stands on a short branch.
  public var widestConvolution: (name: String, field: [ReceptiveField])? {
    var widest: (name: String, field: [ReceptiveField])?
    for row in layers where row.multiplyAdds > 0 {
      guard let field = row.receptiveField else { continue }
      let earlier = widest?.field.reduce(0) { $0 + $1.size } ?? 0
      if field.reduce(0, { $0 + $1.size }) >= earlier { widest = (row.name, field) }
    }
    return widest
  }

  /// A warning where an output of the last convolution (``widestConvolution``) sees less than half of
  /// the picture's height or width: no filter can respond to the whole then. The lecture's advice is
  /// that this field be comparable with the picture.
  public var receptiveFieldWarning: String? {
    guard let (layer, field) = widestConvolution, inputShape.count == field.count + 1,
      zip(field, inputShape).contains(where: { 2 * $0.size < $1 })
    else { return nil }
    func product(_ extents: [Int]) -> String { extents.map(String.init).joined(separator: "×") }
    return "\(layer), the last convolution, sees \(product(field.map(\.size))) of a picture of "
      + "\(product(Array(inputShape.dropLast()))); layers, strides, pooling or dilation before it "
      + "widen what it sees"
  }
}

extension Network {
  /// Layers, shapes, parameters, multiply-adds and receptive fields; every trained tensor.
  ///
  /// - Throws: `QuernError` as ``build(batch:mode:in:)`` does.
  public func summary() throws(QuernError) -> NetworkSummary {
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
    let tensors = built.parameters.map {
      NetworkSummary.Tensor(
        name: $0.name, shape: $0.shape.extents, role: $0.role, elements: $0.shape.elementCount)
    }
    var summary = NetworkSummary(
      name: name, inputShape: input.extents, layers: rows, tensors: tensors,
      parameters: tensors.reduce(0) { $0 + $1.elements },
      multiplyAdds: rows.reduce(0) { $0 + $1.multiplyAdds }, warnings: [])
    if let warning = summary.receptiveFieldWarning { summary.warnings.append(warning) }
    return summary
  }
}
