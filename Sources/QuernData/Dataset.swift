import QuernErrors

/// Labelled pictures, held in memory or in the plain file that they come from.
///
/// Pictures have the shape (N, H, W, C): N pictures, H rows, W columns, C channels, the channels
/// running fastest. Labels are `Int32`, 0 ..< ``classCount``. Pictures that came as bytes are kept
/// as bytes, a quarter of the memory, and turned into `Float` as batches are copied.
public struct Dataset: Sendable {
  /// What messages call it.
  public var name: String
  /// N, the number of pictures.
  public let count: Int
  /// H, rows of a picture.
  public let height: Int
  /// W, columns of a picture.
  public let width: Int
  /// C, channels of a picture.
  public let channels: Int
  /// The class of each picture, N of them.
  public let labels: [Int32]
  /// How many classes there are; every label is below.
  public let classCount: Int
  /// What the classes are called, if that is known: ``classCount`` names.
  public let classNames: [String]?

  let pixels: Pixels

  enum Pixels: Sendable {
    /// Bytes, and for each of the 256 values the `Float` it stands for.
    case bytes(ByteStore, values: [Float])
    /// The values themselves, and the one that stands for an empty picture.
    case floats([Float], background: Float)
  }

  /// (N, H, W, C).
  public var shape: [Int] { [count, height, width, channels] }

  /// H·W·C, the values of one picture.
  public var pictureSize: Int { height * width * channels }

  /// Pictures from `Float` values, which are taken as they are.
  /// - Parameters:
  ///   - name: what messages call the data set.
  ///   - images: N·H·W·C values, the last extent running fastest.
  ///   - shape: (N, H, W, C); or (N, H, W), which means one channel; or (N, C), which means rows of
  ///     C features: pictures of 1×1 with C channels.
  ///   - labels: N labels.
  ///   - classCount: how many classes there are; nil means one more than the largest label.
  ///   - classNames: their names, `classCount` of them.
  /// - Throws: `QuernError` if the shape is none of these, has an extent below one or does not
  ///   match `images` or `labels`, or if a label is not in 0 ..< `classCount`.
  public init(
    name: String = "in-memory data", images: [Float], shape: [Int], labels: [some BinaryInteger],
    classCount: Int? = nil, classNames: [String]? = nil
  ) throws {
    try self.init(
      name: name, pixels: .floats(images, background: 0), pixelCount: images.count, shape: shape,
      labels: labels, classCount: classCount, classNames: classNames)
  }

  /// Pictures from bytes: byte b becomes b / `maximum`, so that 0 … `maximum` becomes 0 … 1. That is
  /// 255 for pictures in general, and 16 for the embedded digits.
  /// - Throws: `QuernError`, as the initialiser from `Float` values does, and if a byte is above
  ///   `maximum` or `maximum` is 0.
  public init(
    name: String = "in-memory data", bytes: [UInt8], maximum: UInt8 = 255, shape: [Int],
    labels: [some BinaryInteger], classCount: Int? = nil, classNames: [String]? = nil
  ) throws {
    try self.init(
      name: name, bytes: ByteStore(bytes), maximum: maximum, shape: shape, labels: labels,
      classCount: classCount, classNames: classNames)
  }

  init(
    name: String, bytes: ByteStore, maximum: UInt8, shape: [Int], labels: [some BinaryInteger],
    classCount: Int?, classNames: [String]?
  ) throws {
    // No byte is above 255, and looking at all of them would bring them all into memory.
    let largest =
      maximum == 255 ? maximum : bytes.withUnsafeBufferPointer { $0.max() ?? 0 }
    guard maximum > 0, largest <= maximum else {
      throw QuernError(
        .badArgument, in: name, found: "the largest pixel is \(largest), the maximum \(maximum)",
        expected: "pixels of 0 … maximum, and a maximum above 0",
        remedy: "Give the value of the brightest pixel there can be, as a rule 255.")
    }
    let values = (0..<256).map { Float($0) / Float(maximum) }
    try self.init(
      name: name, pixels: .bytes(bytes, values: values), pixelCount: bytes.count, shape: shape,
      labels: labels, classCount: classCount, classNames: classNames)
  }

  /// Pictures and labels as read from a pair of IDX files.
  /// - Throws: `QuernError`, as the initialiser from bytes does.
  public init(
    name: String, images: IDXArray, labels: IDXArray, maximum: UInt8 = 255,
    classCount: Int? = nil, classNames: [String]? = nil
  ) throws {
    try self.init(
      name: name, bytes: images.values, maximum: maximum, shape: images.shape,
      labels: labels.values, classCount: classCount, classNames: classNames)
  }

  private init(
    name: String, pixels: Pixels, pixelCount: Int, shape: [Int], labels: [some BinaryInteger],
    classCount: Int?, classNames: [String]?
  ) throws {
    let extents = try Self.extents(of: shape, name: name)
    guard let expectedCount = product(extents) else {
      throw QuernError(
        .overflow, in: name, found: "the shape \(text(shape: shape)) has more values than an Int",
        expected: "a shape that fits the \(pixelCount) values given")
    }
    guard pixelCount == expectedCount else {
      throw QuernError(
        .countMismatch, in: name,
        found: "\(pixelCount) values for the shape \(text(shape: shape))",
        expected: "\(expectedCount) values")
    }
    guard labels.count == extents[0] else {
      throw QuernError(
        .countMismatch, in: name, found: "\(extents[0]) pictures but \(labels.count) labels",
        expected: "as many labels as pictures",
        remedy: "Check that the two belong together (not training pictures with test labels).")
    }
    let (checked, classes) = try Self.check(labels: labels, classCount: classCount, name: name)
    if let classNames, classNames.count != classes {
      throw QuernError(
        .countMismatch, in: name, found: "\(classNames.count) class names for \(classes) classes",
        expected: "a name for each class")
    }
    self.init(
      name: name, extents: extents, pixels: pixels, labels: checked, classCount: classes,
      classNames: classNames)
  }

  /// From parts known to be in order; `extents` are (N, H, W, C).
  init(
    name: String, extents: [Int], pixels: Pixels, labels: [Int32], classCount: Int,
    classNames: [String]?
  ) {
    self.name = name
    count = extents[0]
    height = extents[1]
    width = extents[2]
    channels = extents[3]
    self.pixels = pixels
    self.labels = labels
    self.classCount = classCount
    self.classNames = classNames
  }

  /// A shape of rank 2, 3 or 4 as (N, H, W, C), every extent at least one.
  private static func extents(of shape: [Int], name: String) throws -> [Int] {
    let extents: [Int]
    switch shape.count {
    case 2: extents = [shape[0], 1, 1, shape[1]]
    case 3: extents = shape + [1]
    case 4: extents = shape
    default:
      throw QuernError(
        .badArgument, in: name, found: "pictures of rank \(shape.count), \(text(shape: shape))",
        expected: "the shape (N, H, W, C), (N, H, W) or (N, features)")
    }
    guard extents.allSatisfy({ $0 > 0 }) else {
      let isNegative = extents.contains { $0 < 0 }
      throw QuernError(
        isNegative ? .badArgument : .empty, in: name,
        found: isNegative
          ? "a negative extent in the shape \(text(shape: shape))"
          : "no pictures: the shape is \(text(shape: shape))",
        expected: "at least one picture of at least one pixel")
    }
    return extents
  }

  private static func check(
    labels: [some BinaryInteger], classCount: Int?, name: String
  ) throws -> (labels: [Int32], classCount: Int) {
    if let classCount, classCount < 1 {
      throw QuernError(
        .badArgument, in: name, found: "a class count of \(classCount)",
        expected: "at least one class")
    }
    let bound = min(classCount ?? Int(Int32.max), Int(Int32.max))
    var largest = 0
    var checked = [Int32](repeating: 0, count: labels.count)
    for (position, label) in labels.enumerated() {
      guard let value = Int(exactly: label), value >= 0, value < bound else {
        throw QuernError(
          .labelOutOfRange, in: name, found: "label \(label) of picture \(position)",
          expected: "labels of 0 … \(bound - 1)",
          remedy: "Check that the labels belong to these pictures, and the number of classes.")
      }
      largest = max(largest, value)
      checked[position] = Int32(value)
    }
    return (checked, classCount ?? largest + 1)
  }
}
