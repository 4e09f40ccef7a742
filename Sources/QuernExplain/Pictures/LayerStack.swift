import QuernErrors
import QuernGraph
import QuernLayers

/// A stack of convolutions and poolings in a short notation, to ask what it sees.
///
///     conv3, conv3, pool2      two 3×3 convolutions, then 2×2 max-pooling
///     conv3/2                  stride 2
///     conv3:4                  dilation 4
///     avg2, pool3/2            average-pooling; windows of 3 that move on by 2
///     3*conv5                  three of them
///
/// Convolutions pad so that strides alone shrink the picture.
public struct LayerStack: Sendable, Hashable {
  public struct Item: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
      case conv, pool, avg
    }

    public var kind: Kind
    /// Height and width of the kernel or window.
    public var kernel: Int
    public var stride: Int
    public var dilation: Int

    public init(_ kind: Kind, _ kernel: Int, stride: Int? = nil, dilation: Int = 1) {
      self.kind = kind
      self.kernel = kernel
      self.stride = stride ?? (kind == .conv ? 1 : kernel)
      self.dilation = dilation
    }

    /// As a layer; a convolution makes so many channels.
    public func layer(channels: Int) -> any Layer {
      switch kind {
      case .conv:
        Conv2D(
          channels, kernel: .square(kernel), stride: .square(stride), padding: .same,
          dilation: .square(dilation))
      case .pool: MaxPool(.square(kernel), stride: .square(stride))
      case .avg: AveragePool(.square(kernel), stride: .square(stride))
      }
    }
  }

  public var items: [Item]

  public init(_ items: [Item]) { self.items = items }

  /// Layers a stack may have.
  public static let maximumCount = 128
  /// The largest kernel, stride or dilation.
  public static let maximumExtent = 1024

  /// - Throws: `QuernError` that names the item that cannot be read.
  public init(parsing text: String) throws(QuernError) {
    items = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      var rest = word.filter { $0 != " " }[...]
      let whole = String(rest)
      func wrong(_ problem: String) -> QuernError {
        QuernError(
          "stack item \"\(whole)\"", problem,
          remedy: "write conv3, conv3/2 (stride), conv3:2 (dilation), pool2, avg2 or 3*conv3, with "
            + "numbers from 1 to \(Self.maximumExtent)")
      }
      var count = 1
      if let star = rest.firstIndex(of: "*") {
        guard let number = Int(rest[..<star]), 1...Self.maximumCount ~= number else {
          throw wrong("\"\(rest[..<star])\" is no number of layers from 1 to \(Self.maximumCount)")
        }
        count = number
        rest = rest[rest.index(after: star)...]
      }
      guard let kind = Item.Kind.allCases.first(where: { rest.hasPrefix($0.rawValue) }) else {
        throw wrong("it is no layer")
      }
      rest = rest.dropFirst(kind.rawValue.count)
      func number() -> Int? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count)
        return Int(digits).flatMap { 1...Self.maximumExtent ~= $0 ? $0 : nil }
      }
      guard let kernel = number() else { throw wrong("its kernel has no size") }
      var item = Item(kind, kernel)
      while let sign = rest.popFirst() {
        guard let value = number(), sign == "/" || sign == ":" else {
          throw wrong("\"\(sign)\" and what follows it cannot be read")
        }
        if sign == "/" { item.stride = value } else { item.dilation = value }
      }
      guard item.kind == .conv || item.dilation == 1 else { throw wrong("pooling has no dilation") }
      guard items.count + count <= Self.maximumCount else {
        throw wrong("there are more than \(Self.maximumCount) layers")
      }
      items += [Item](repeating: item, count: count)
    }
  }

  /// The stack as a network for square pictures of one channel.
  public func network(size: Int, channels: Int = 2) -> Network {
    Network(
      "stack", input: .picture(height: size, width: size, channels: 1),
      layers: items.map { $0.layer(channels: channels) })
  }
}
