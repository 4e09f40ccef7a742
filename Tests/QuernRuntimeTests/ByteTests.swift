import QuernGraph
import QuernInterpreter
import QuernMachine
import QuernRuntime
import Testing

/// Bytes that are moved, and stay bytes.
@Suite struct ByteTests {
  private static func bytes(_ executable: any Executable, _ name: String) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: try executable.type(of: name).byteCount)
    try bytes.withUnsafeMutableBytes { try executable.read(name, into: $0) }
    return bytes
  }

  @Test(
    "Transposed, cut, padded, put together, written over: as the interpreter does",
    arguments: [[3, 5], [16, 16], [7, 130], [65, 33]])
  func movements(_ extents: [Int]) throws {
    let b = GraphBuilder()
    let x = try b.input("x", Shape(extents), .uint8)
    let kept = try b.input("kept", Shape(extents), .uint8, role: .state)
    try b.output("transposed", try x.transposed([1, 0]))
    try b.output("cut", try x.sliced(from: [1, 2], to: extents))
    try b.output("padded", try x.padded(before: [1, 0], after: [0, 3]))
    try b.output("both", try b.concatenate([x, kept], along: 1))
    try b.output("flat", try x.transposed([1, 0]).reshaped(Shape([extents[0] * extents[1]])))
    try b.update(kept, to: x)
    let graph = b.graph

    let count = extents[0] * extents[1]
    let values = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + 200) }
    let before = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 11 + 3) }
    func run(_ executable: any Executable) throws {
      try values.withUnsafeBytes { try executable.write("x", from: $0) }
      try before.withUnsafeBytes { try executable.write("kept", from: $0) }
      try executable.run()
    }
    let oracle = try Interpreter<Float>(graph)
    try run(oracle)
    for target in Target.all where target.isSupported {
      for threads in 1...2 {
        let instance = try GraphInstance(graph, CompileOptions(target: target, threads: threads))
        try run(instance)
        for name in ["transposed", "cut", "padded", "both", "flat", "kept"] {
          #expect(
            try Self.bytes(instance, name) == Self.bytes(oracle, name), "\(name) on \(target)")
        }
      }
    }
  }
}
