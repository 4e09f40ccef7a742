import QuernErrors

extension Safetensors {
  /// Writes the file atomically: whatever happens, either the old file or the new one is there,
  /// whole. Equal contents make equal bytes.
  ///
  /// Tensors follow one another by element size, the largest first, so that all lie aligned; then
  /// by name. The format's own library aligns them likewise.
  /// - Throws: `QuernError` if the file cannot be written, or a tensor is called `__metadata__`.
  public func write(to path: String) throws {
    let order = try ordered(for: path)
    let header = header(of: order)
    try atomicWrite(to: path) { write in
      try header.withUnsafeBytes(write)
      for (_, tensor) in order { try tensor.bytes.withUnsafeBytes(write) }
    }
  }

  /// The file as bytes: see ``write(to:)``.
  public func encoded() throws -> [UInt8] {
    let order = try ordered(for: source)
    return order.reduce(into: header(of: order)) { $0 += $1.tensor.bytes }
  }

  private func ordered(for path: String) throws -> [(name: String, tensor: Tensor)] {
    if tensors[Self.metadataKey] != nil {
      throw QuernError(
        .badArgument, in: path, found: "a tensor called \(Self.metadataKey)",
        expected: "another name, for the format keeps this one for itself", remedy: "Rename it.")
    }
    return tensors.map { (name: $0.key, tensor: $0.value) }.sorted {
      ($1.tensor.elementType.size, $0.name) < ($0.tensor.elementType.size, $1.name)
    }
  }

  /// The header with its length, padded with blanks so that the elements begin aligned.
  private func header(of order: [(name: String, tensor: Tensor)]) -> [UInt8] {
    var entries: [String] = []
    if !metadata.isEmpty {
      let strings = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
      entries.append("\(json(Self.metadataKey)):{\(strings.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in order {
      let end = offset + tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        """
        \(json(name)):{"dtype":"\(tensor.elementType.rawValue)","shape":[\(shape)],\
        "data_offsets":[\(offset),\(end)]}
        """)
      offset = end
    }
    var text = Array("{\(entries.joined(separator: ","))}".utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  /// `text` as a JSON string.
  private func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
