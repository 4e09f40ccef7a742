import QuernErrors
import QuernGraph
import QuernLayers

/// How what an output sees grows with the number of layers, and how many it takes to see a picture.
public struct FieldGrowth: Sendable, Hashable, Encodable {
  /// The field after each layer, along one dimension.
  public var fields: [ReceptiveField]

  /// The number of layers, and the field of the last.
  public var layers: Int { fields.count }
  public var size: Int { fields.last?.size ?? 1 }

  /// Layers that are tried at most.
  public static let maximumLayers = 4096

  /// Repeats layers until an output sees `size` positions or more.
  ///
  /// The field of each layer by itself is read from a graph of that layer; they are then composed.
  ///
  /// - Parameters:
  ///   - size: positions along a side.
  ///   - pattern: the layer with the given number, counted from 0.
  /// - Throws: `QuernError` where `size` is not positive, or the pattern does not reach it within
  ///   ``maximumLayers`` layers.
  public init(
    toSee size: Int, _ pattern: (Int) -> LayerStack.Item
  ) throws(QuernError) {
    guard 1...(1 << 30) ~= size else {
      throw QuernError(
        "receptive field", "a picture of \(size) pixels", remedy: "give a size from 1 to \(1 << 30)"
      )
    }
    fields = []
    var known: [LayerStack.Item: ReceptiveField] = [:]
    var field = ReceptiveField.identity
    while field.size < size {
      guard fields.count < Self.maximumLayers else {
        throw QuernError(
          "receptive field", "\(fields.count) layers see \(field.size) of \(size) pixels",
          remedy: "use larger kernels, strides, pooling or dilation")
      }
      let item = pattern(fields.count)
      let own: ReceptiveField
      if let earlier = known[item] {
        own = earlier
      } else {
        own = try Self.field(of: item)
        known[item] = own
      }
      field = field.followed(by: own)
      fields.append(field)
    }
  }

  /// What one layer sees of the layer before.
  static func field(of item: LayerStack.Item) throws(QuernError) -> ReceptiveField {
    // Large enough for any window; nothing is computed, so it costs nothing.
    let side = 2 * (item.dilation * (item.kernel - 1) + 1 + item.stride)
    let built = try LayerStack([item]).network(size: side, channels: 1)
      .build(batch: 1, mode: .inference, in: GraphBuilder())
    guard
      var field = built.builder.graph.receptiveField(of: built.output.id, in: built.input.id)?[0]
    else {
      throw QuernError(
        "receptive field", "the layer makes no picture", remedy: "use convolutions and poolings")
    }
    // Where a stack starts depends on its padding, and that on the picture's size.
    field.start = 0
    return field
  }
}
