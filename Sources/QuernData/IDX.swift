import QuernErrors

/// An array of bytes read from an IDX file.
public struct IDXArray: Sendable, Hashable {
  /// The extents, outermost first: (N, H, W) or (N, H, W, C) for pictures, (N) for labels;
  /// N pictures, H rows, W columns, C channels.
  public let shape: [Int]
  /// The elements, the last extent running fastest.
  public let values: [UInt8]
}

/// Reads IDX files, the format of MNIST: two zero bytes, the element type, the rank, the extents as
/// big-endian 32-bit numbers, the elements. Plain or gzipped; which of both, the contents tell.
///
/// Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
public enum IDX {
  /// Reads pictures: `uint8`, of rank 3 (N, H, W) or 4 (N, H, W, C).
  /// - Throws: `QuernError` if the file is missing, unreadable, truncated, too long, corrupt, or
  ///   does not hold pictures of bytes.
  public static func images(at path: String) throws -> IDXArray {
    try read(ByteReader(path: path), as: .images)
  }

  /// Reads labels: `uint8`, of rank 1.
  /// - Throws: `QuernError`, as ``images(at:)`` does.
  public static func labels(at path: String) throws -> IDXArray {
    try read(ByteReader(path: path), as: .labels)
  }

  /// Reads pictures from the bytes of an IDX file; `name` stands in messages for the path.
  public static func images(bytes: [UInt8], name: String) throws -> IDXArray {
    try read(ByteReader(bytes: bytes, name: name), as: .images)
  }

  /// Reads labels from the bytes of an IDX file; `name` stands in messages for the path.
  public static func labels(bytes: [UInt8], name: String) throws -> IDXArray {
    try read(ByteReader(bytes: bytes, name: name), as: .labels)
  }

  /// Pictures as a data set keeps them: a plain file's stay in it, and are touched when they are used.
  static func pictures(at path: String) throws -> (shape: [Int], bytes: ByteStore) {
    let reader = try ByteReader(path: path)
    let header = try readShape(reader, as: .images)
    if let bytes = reader.mapRest(count: header.count) { return (header.shape, bytes) }
    return (header.shape, ByteStore(try readValues(reader, header)))
  }

  private enum Contents {
    case images, labels

    var expected: String {
      switch self {
      case .images: "IDX pictures of bytes (it begins 00 00 08 03, or 00 00 08 04 with channels)"
      case .labels: "IDX labels of bytes (it begins 00 00 08 01)"
      }
    }

    func accepts(rank: Int) -> Bool {
      switch self {
      case .images: rank == 3 || rank == 4
      case .labels: rank == 1
      }
    }
  }

  /// IDX's element types other than `uint8`.
  private static let otherTypes: [UInt8: String] = [
    0x09: "int8", 0x0b: "int16", 0x0c: "int32", 0x0d: "float32", 0x0e: "float64",
  ]

  private static func read(_ reader: ByteReader, as contents: Contents) throws -> IDXArray {
    let header = try readShape(reader, as: contents)
    return IDXArray(shape: header.shape, values: try readValues(reader, header))
  }

  /// What stands before the elements.
  private struct Header {
    var shape: [Int]
    /// The number of elements.
    var count: Int
    /// What should follow, for messages.
    var expected: String
  }

  private static func readShape(_ reader: ByteReader, as contents: Contents) throws -> Header {
    let rank = try readRank(reader, as: contents)
    let header = try readHeader(reader, count: 4 * rank, expected: "\(rank) extents of 4 bytes")
    let shape = (0..<rank).map { axis in
      header[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard let count = product(shape) else {
      throw QuernError(
        .overflow, in: reader.name,
        found: "the header tells \(text(shape: shape)) elements, more than can be counted",
        expected: contents.expected, remedy: "The file is damaged: fetch it again.")
    }
    let expected = "\(text(shape: shape)) = \(count) bytes after the header"
    // Checked before memory is asked for: a damaged header may tell any size.
    guard count <= reader.sizeLimit else {
      throw truncated(
        reader, found: "too short for them (at most \(reader.sizeLimit) bytes)", expected: expected)
    }
    return Header(shape: shape, count: count, expected: expected)
  }

  private static func readValues(_ reader: ByteReader, _ header: Header) throws -> [UInt8] {
    let values = try bytesInLargePages(header.count) { try reader.read(into: $0) }
    guard values.count == header.count else {
      throw truncated(
        reader, found: "ends after \(values.count) of them", expected: header.expected)
    }
    try reader.finish(expected: header.expected)
    return values
  }

  /// Reads the first four bytes, and checks that they announce what is wanted.
  private static func readRank(_ reader: ByteReader, as contents: Contents) throws -> Int {
    let magic = try readHeader(reader, count: 4, expected: contents.expected)
    let rank = Int(magic[3])
    let first = "begins " + magic.map(hexadecimal).joined(separator: " ")
    let otherType = otherTypes[magic[2]]
    guard magic[0] == 0, magic[1] == 0, magic[2] == 8 || otherType != nil else {
      throw QuernError(
        .mislabelled, in: reader.name, found: "is not an IDX file (it \(first))",
        expected: contents.expected, remedy: "Check that it is the right file.")
    }
    if let otherType {
      throw QuernError(
        .unsupported, in: reader.name, found: "holds \(otherType) elements (it \(first))",
        expected: contents.expected,
        remedy: "Write it as uint8, or hand the values over in memory (Dataset.init).")
    }
    guard contents.accepts(rank: rank) else {
      let swapped = (contents == .images && rank == 1) || (contents == .labels && rank >= 3)
      let other = contents == .images ? "labels" : "pictures"
      throw QuernError(
        .mislabelled, in: reader.name,
        found: swapped ? "holds \(other) (it \(first))" : "holds an array of rank \(rank)",
        expected: contents.expected,
        remedy: swapped
          ? "Were the two files swapped or renamed?" : "Check that it is the right file.")
    }
    return rank
  }

  private static func readHeader(
    _ reader: ByteReader, count: Int, expected: String
  ) throws -> [UInt8] {
    let header = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    guard header.count == count else {
      throw truncated(reader, found: "ends within the header", expected: expected)
    }
    return header
  }

  private static func truncated(
    _ reader: ByteReader, found: String, expected: String
  ) -> QuernError {
    QuernError(
      .truncated, in: reader.name, found: found, expected: expected, remedy: "Fetch the file again."
    )
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
