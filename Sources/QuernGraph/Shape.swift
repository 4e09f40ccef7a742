import QuernErrors

/// The extents of a tensor, outermost first: `[N, H, W, C]` for pictures, `[]` for a scalar.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// Of each dimension, at least 1.
  public let extents: [Int]
  /// Product of the extents; 1 for a scalar.
  public let elementCount: Int

  /// The largest number of elements a tensor may have: byte offsets of it stay far inside `Int`.
  public static let maximumElementCount = 1 << 40

  /// Checks extents that come from outside.
  ///
  /// - Throws: `QuernError` where an extent is not positive or the product is beyond
  ///   ``maximumElementCount``.
  public init(checking extents: [Int], of subject: String = "shape") throws(QuernError) {
    var count = 1
    for extent in extents {
      guard extent > 0 else {
        throw QuernError(
          subject, "extents \(extents) hold \(extent)", remedy: "give every extent at least 1")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Self.maximumElementCount else {
        throw QuernError(
          subject, "extents \(extents) make more than \(Self.maximumElementCount) elements",
          remedy: "make the tensor smaller")
      }
      count = product
    }
    self.extents = extents
    self.elementCount = count
  }

  /// Extents that are known to be sound, such as a permutation of another shape's.
  public init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 > 0 }, "extents must be positive")
    self.extents = extents
    self.elementCount = extents.reduce(1, *)
  }

  public init(arrayLiteral extents: Int...) { self.init(extents) }

  /// How many dimensions there are; 0 for a scalar.
  public var rank: Int { extents.count }
  public subscript(dimension: Int) -> Int { extents[dimension] }

  /// Elements between neighbours along each dimension when the tensor lies densely in memory.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for dimension in stride(from: rank - 2, through: 0, by: -1) {
      strides[dimension] = strides[dimension + 1] * extents[dimension + 1]
    }
    return strides
  }

  public var description: String {
    "[" + extents.map(String.init).joined(separator: ", ") + "]"
  }
}

/// What is known of a tensor before anything is computed.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public var element: ElementType
  public var shape: Shape

  public init(_ element: ElementType, _ shape: Shape) {
    self.element = element
    self.shape = shape
  }

  /// Bytes the elements take when they lie densely.
  public var byteCount: Int { shape.elementCount * element.byteCount }
  public var description: String { "\(element.rawValue)\(shape)" }
}
