import QuernData
import QuernErrors
import Testing

@Suite struct SafetensorsTests {
  /// A file with this header, and `size` zero bytes of elements.
  static func file(_ header: String, size: Int = 0) -> [UInt8] {
    file(Array(header.utf8), size: size)
  }

  static func file(_ header: [UInt8], size: Int) -> [UInt8] {
    let length = (0..<8).map { UInt8(header.count >> (8 * $0) & 255) }
    return length + header + [UInt8](repeating: 0, count: size)
  }

  static func expectRefused(
    _ kind: QuernError.Kind, _ word: String, _ bytes: [UInt8],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectError(kind, "weights.st", word, sourceLocation: sourceLocation) {
      _ = try Safetensors(bytes: bytes, name: "weights.st")
    }
  }

  @Test func everyElementTypeComesBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("weights")
    let written = try Safetensors(
      tensors: [
        "f32": .init([1.5, -0, .infinity, .leastNonzeroMagnitude] as [Float], shape: [2, 2]),
        "f64": .init([.pi, -1e300] as [Double]),
        "i32": .init([Int32.min, .max]),
        "i64": .init([Int64.min, .max, 0], shape: [3, 1]),
        "u8": .init([0, 255, 7] as [UInt8]),
        "scalar": .init([2.5] as [Float], shape: []),
        "nothing": .init([] as [Float], shape: [0, 4]),
      ], metadata: ["epoch": "3"])
    try written.write(to: path)
    let read = try Safetensors(contentsOf: path)
    #expect(read == written)
    #expect(
      try read.tensor("f32").values() == [1.5, -0, .infinity, .leastNonzeroMagnitude] as [Float])
    #expect(try read.tensor("f64").values() == [.pi, -1e300] as [Double])
    #expect(try read.tensor("i32").values() == [Int32.min, .max])
    #expect(try read.tensor("i64", shape: [3, 1]).values() == [Int64.min, .max, 0])
    #expect(try read.tensor("u8").values() == [0, 255, 7] as [UInt8])
    #expect(try read.tensor("scalar", shape: []).values() == [2.5] as [Float])
    #expect(try read.tensor("nothing").count == 0)
    #expect(folder.names == ["weights"])
  }

  @Test func bytesAreThoseOfTheFormat() throws {
    let file = try Safetensors(
      tensors: [
        "b": .init([1, 2] as [UInt8]), "a": .init([1] as [UInt8]), "c": .init([1 as Float]),
      ],
      metadata: ["z": "1", "k": "\"v\"\n"])
    // The wider type first, then by name; the header filled up with blanks to a multiple of 8.
    let header = """
      {"__metadata__":{"k":"\\"v\\"\\n","z":"1"},\
      "c":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},\
      "a":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},\
      "b":{"dtype":"U8","shape":[2],"data_offsets":[5,7]}}
      """
    let blanks = String(repeating: " ", count: 7 - (header.utf8.count + 7) % 8)
    let expected = Self.file(header + blanks) + [0, 0, 0x80, 0x3f, 1, 1, 2]
    #expect(try file.encoded() == expected)
  }

  @Test func namesOfAllKindsComeBack() throws {
    let names = ["", "dense 1/weight", "a\"b\\c\td\u{1}", "слой.вес", "🌾", "e\u{301}"]
    let tensor = try Safetensors.Tensor([1] as [UInt8])
    let written = Safetensors(
      tensors: .init(uniqueKeysWithValues: names.map { ($0, tensor) }),
      metadata: .init(uniqueKeysWithValues: names.map { ($0, $0) }))
    #expect(try Safetensors(bytes: written.encoded(), name: "names") == written)
  }

  @Test func readsEscapesAndBlanks() throws {
    let header = #"""
       { "\u0061\u00e9\ud83c\udf3e\/\b" : { "shape" : [ ] , "data_offsets":[0, 1],
       "dtype":"U8" } , "__metadata__" : { } }
      """#
    let file = try Safetensors(bytes: Self.file(header, size: 1), name: "f")
    #expect(file.tensors.keys.first == "aé🌾/\u{8}")
    #expect(try file.tensor("aé🌾/\u{8}").shape == [])
  }

  @Test func missingFile() throws {
    let path = try TemporaryFolder().file("none")
    expectError(.missing, path) { _ = try Safetensors(contentsOf: path) }
  }

  @Test func tooShortForALength() {
    Self.expectRefused(.truncated, "7 bytes", [0, 0, 0, 0, 0, 0, 0])
  }

  @Test func headerBeyondTheFile() {
    Self.expectRefused(
      .truncated, "header of 3 bytes", [3, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8))
    let huge = [UInt8](repeating: 0xff, count: 8) + Array("{}".utf8)
    Self.expectRefused(.truncated, "18446744073709551615", huge)
  }

  @Test func truncatedElements() {
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    Self.expectRefused(.truncated, "only 7", Self.file(header, size: 7))
  }

  @Test func trailingBytes() {
    let header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
    Self.expectRefused(.trailingBytes, "1 bytes after", Self.file(header, size: 9))
  }

  @Test func overlap() {
    let header = """
      {"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},\
      "b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}
      """
    Self.expectRefused(.corrupt, "overlaps", Self.file(header, size: 6))
  }

  @Test func gap() {
    let header = #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
    Self.expectRefused(.corrupt, "gaps", Self.file(header, size: 2))
  }

  @Test func endBeforeBeginning() {
    let header = #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}"#
    Self.expectRefused(.corrupt, "2 ..< 1", Self.file(header, size: 2))
  }

  @Test func shapeDoesNotMatchBytes() {
    let header = #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}"#
    Self.expectRefused(.countMismatch, "24 for 2×3 of F32", Self.file(header, size: 20))
  }

  @Test func shapeOverflows() {
    let large = "4611686018427387904"
    let header = #"{"a":{"dtype":"U8","shape":[\#(large),4],"data_offsets":[0,0]}}"#
    Self.expectRefused(.overflow, large, Self.file(header))
    let bytes = #"{"a":{"dtype":"F32","shape":[\#(large)],"data_offsets":[0,0]}}"#
    Self.expectRefused(.overflow, large, Self.file(bytes))
  }

  @Test func numberTooLarge() {
    let header = #"{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]}}"#
    Self.expectRefused(.overflow, "too large", Self.file(header))
  }

  @Test func duplicateNames() {
    let entry = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    Self.expectRefused(.duplicate, "\"a\"", Self.file(#"{"a":\#(entry),"\u0061":\#(entry)}"#))
    Self.expectRefused(.duplicate, "\"k\"", Self.file(#"{"__metadata__":{"k":"1","k":"2"}}"#))
    let twice = #"{"a":{"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#
    Self.expectRefused(.duplicate, "dtype", Self.file(twice))
  }

  @Test func unknownElementType() {
    let header = #"{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}"#
    Self.expectRefused(.unsupported, "BF16", Self.file(header, size: 2))
  }

  @Test func namesNotInUTF8() {
    let header = Array(#"{"__metadata__":{""#.utf8) + [0xff, 0xfe] + Array(#"":""}}"#.utf8)
    Self.expectRefused(.corrupt, "UTF-8", Self.file(header, size: 0))
  }

  @Test(arguments: [
    "", "[]", "{", "{}x", #"{"a"}"#, #"{"a":1}"#, #"{"a":{}}"#, #"{"__metadata__":{"k":1}}"#,
    #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"U8","shape":[01],"data_offsets":[0,1]}}"#,
    #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}"#,
    #"{"a":{"dtype":"U8","shape":[0,],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}"#,
    #"{"a":{"dtype":"U8","shape":[0]}}"#, #"{"__metadata__":{"\x":""}}"#,
    #"{"__metadata__":{"\ud83c":""}}"#, #"{"__metadata__":{"\udf3e":""}}"#,
    #"{"__metadata__":{"\u12":""}}"#, "{\"__metadata__\":{\"\n\":\"\"}}", #"{"__metadata__":{"k"#,
  ])
  func malformedHeader(header: String) {
    Self.expectRefused(.corrupt, "damaged", Self.file(header))
  }

  @Test func everyCutIsNoticed() throws {
    let bytes = try Safetensors(
      tensors: ["a": .init([1, 2, 3] as [Float]), "b": .init([1, 2] as [UInt8])],
      metadata: ["k": "v"]
    ).encoded()
    for count in 0..<bytes.count {
      #expect(throws: QuernError.self) {
        try Safetensors(bytes: Array(bytes[..<count]), name: "cut to \(count)")
      }
    }
  }

  @Test func valuesDoNotMatchTheShape() {
    expectError(.countMismatch, "3 values", "2×2") {
      _ = try Safetensors.Tensor([1, 2, 3] as [Float], shape: [2, 2])
    }
    expectError(.countMismatch, "-1×-1") {
      _ = try Safetensors.Tensor([1] as [Float], shape: [-1, -1])
    }
  }

  @Test func otherTypeThanAskedFor() throws {
    let tensor = try Safetensors.Tensor([1, 2] as [Double])
    expectError(.mislabelled, "F64", "F32") { _ = try tensor.values(of: Float.self) }
  }

  @Test func otherTypesThanAccepted() throws {
    let file = try Safetensors(tensors: ["labels": .init([1, 2] as [Float])])
    #expect(try file.tensor("labels", of: [.float64, .float32]).count == 2)
    expectError(.mislabelled, "\"labels\" has F32 elements", "expected I32 or I64 elements") {
      _ = try file.tensor("labels", of: [.int32, .int64])
    }
  }

  @Test func missingTensorAndOtherShape() throws {
    let file = try Safetensors(tensors: ["weight": .init([1, 2] as [Float])])
    expectError(.missing, "bias", "weight", "another model") { _ = try file.tensor("bias") }
    expectError(.countMismatch, "weight", "of shape 2", "1×2", "another model") {
      _ = try file.tensor("weight", shape: [1, 2])
    }
  }

  @Test func reservedName() throws {
    let file = try Safetensors(tensors: ["__metadata__": .init([1] as [Float])])
    expectError(.badArgument, "__metadata__") { _ = try file.encoded() }
  }

  @Test func theOldFileSurvivesAFailedWrite() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("weights")
    try Safetensors(metadata: ["k": "old"]).write(to: path)
    let unsound = try Safetensors(tensors: ["__metadata__": .init([1] as [Float])])
    expectError(.badArgument, path) { try unsound.write(to: path) }
    #expect(try Safetensors(contentsOf: path).metadata == ["k": "old"])
    expectError(.unwritable, "/dev/full") {
      try Safetensors(metadata: ["k": "new"]).write(to: "/dev/full")
    }
  }
}
