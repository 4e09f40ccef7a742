import QuernErrors

extension Safetensors {
  /// Reads a file.
  /// - Throws: `QuernError` if the file is missing, unreadable, or not a sound safetensors file:
  ///   truncated or too long, with a header that is not the JSON it should be, with unknown element
  ///   types, names that occur twice, shapes that do not match their bytes, or bytes that belong to
  ///   two tensors or to none.
  public init(contentsOf path: String) throws {
    try self.init(bytes: SystemFile.contents(of: path), name: path)
  }

  /// Reads the bytes of a file; `name` stands in messages for the path.
  /// - Throws: `QuernError`, as ``init(contentsOf:)`` does.
  public init(bytes: [UInt8], name: String) throws {
    guard bytes.count >= 8 else {
      throw QuernError(
        .truncated, in: name, found: "has \(bytes.count) bytes",
        expected: "a safetensors file (8 bytes with the header's length, then the header)",
        remedy: "Check that it is the right file.")
    }
    let headerLength = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard headerLength <= UInt64(bytes.count - 8) else {
      throw QuernError(
        .truncated, in: name,
        found: "tells of a header of \(headerLength) bytes, but only \(bytes.count - 8) follow",
        expected: "a whole safetensors file", remedy: "It is cut short, or of another format.")
    }
    let dataStart = 8 + Int(headerLength)
    var parser = SafetensorsHeaderParser(bytes: bytes[8..<dataStart], name: name)
    let header = try parser.parse()
    try Self.checkLayout(header.entries, size: bytes.count - dataStart, name: name)

    self.init(metadata: header.metadata)
    source = name
    for entry in header.entries {
      tensors[entry.name] = Tensor(
        elementType: try Self.elementType(of: entry, file: name), shape: entry.shape,
        bytes: bytes[dataStart + entry.begin..<dataStart + entry.end])
    }
  }

  /// The element type of a tensor whose shape and extent in the file agree with it.
  private static func elementType(
    of entry: SafetensorsHeaderParser.Entry, file: String
  ) throws -> ElementType {
    let tensor = "tensor \"\(entry.name)\""
    guard let type = ElementType(rawValue: entry.elementType) else {
      let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw QuernError(
        .unsupported, in: file, found: "\(tensor) has elements of type \"\(entry.elementType)\"",
        expected: "one of \(known)", remedy: "Convert it, as a rule to F32, before it is saved.")
    }
    let count = product(entry.shape)
    guard let count, let size = product([count, type.size]) else {
      throw QuernError(
        .overflow, in: file, found: "\(tensor) has the shape \(text(shape: entry.shape))",
        expected: "a shape whose size can be counted", remedy: "The file is damaged.")
    }
    guard size == entry.end - entry.begin else {
      throw QuernError(
        .countMismatch, in: file,
        found: "\(tensor) has \(entry.end - entry.begin) bytes",
        expected: "\(size) for \(text(shape: entry.shape)) of \(type.rawValue)",
        remedy: "The file is damaged.")
    }
    return type
  }

  /// Checks that every byte after the header belongs to exactly one tensor.
  private static func checkLayout(
    _ entries: [SafetensorsHeaderParser.Entry], size: Int, name: String
  ) throws {
    var position = 0
    var previous = "the header"
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      let place = "tensor \"\(entry.name)\" at bytes \(entry.begin) ..< \(entry.end)"
      guard entry.begin <= entry.end else {
        throw QuernError(
          .corrupt, in: name, found: place, expected: "an end that is not before the beginning",
          remedy: "The file is damaged.")
      }
      guard entry.end <= size else {
        throw QuernError(
          .truncated, in: name, found: "\(place), but the file has only \(size) after the header",
          expected: "a whole safetensors file", remedy: "It is cut short.")
      }
      guard entry.begin == position else {
        throw QuernError(
          .corrupt, in: name, found: place,
          expected: "it to begin at \(position), where \(previous) ends: no gaps, no overlaps",
          remedy: "The file is damaged.")
      }
      position = entry.end
      previous = "tensor \"\(entry.name)\""
    }
    guard position == size else {
      throw QuernError(
        .trailingBytes, in: name, found: "\(size - position) bytes after the last tensor",
        expected: "none", remedy: "The file is damaged.")
    }
  }
}
