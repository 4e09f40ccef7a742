import QuernMachine
import QuernTinyCC
import QuernVectors
import Testing

/// A C compiler that the tests give code to.
enum TestCompiler: String, CaseIterable, Sendable {
  case tinycc, cc

  static let available: [TestCompiler] =
    SystemCompiler().isAvailable ? [.tinycc, .cc] : [.tinycc]

  var cCompiler: any CCompiler {
    switch self {
    case .tinycc: TinyCCCompiler()
    // Quick to compile; and not told that it may use the whole processor.
    case .cc:
      SystemCompiler(flags: ["-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"])
    }
  }
}

/// One way to run generated code here.
struct Configuration: Sendable, CustomTestStringConvertible {
  var target: Target
  var compiler: TestCompiler
  var testDescription: String { "\(target) through \(compiler)" }

  /// Every target this processor runs, through every compiler there is.
  static let runnable: [Configuration] = Target.all.filter(\.isSupported).flatMap { target in
    TestCompiler.available.map { Configuration(target: target, compiler: $0) }
  }
}

/// One C function to be: blocks in sequence over named memory.
struct TestKernel {
  var name: String
  var bases: [String]
  var byteBases: Set<String> = []
  var blocks: [[VectorInstruction]]
  var pinned: [VectorRegister] = []

  func text(target: Target) throws -> String {
    var renderer = KernelRenderer(target: target)
    for register in pinned { try renderer.pin(register) }
    var body: [String] = []
    for block in blocks { body += try renderer.render(block) }
    body += try renderer.render([.end])
    var lines = ["\(Prelude.functionAttribute) void \(name)(void *const *memory);"]
    lines.append("\(Prelude.functionAttribute) void \(name)(void *const *memory) {")
    for (index, base) in bases.enumerated() {
      let type = byteBases.contains(base) ? "const unsigned char" : "float"
      lines.append("  \(type) *\(base) = (\(type) *)memory[\(index)];")
      lines.append("  (void)\(base);")
    }
    lines += renderer.declarations.map { "  " + $0 }
    lines += body.map { "  " + $0 }
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }
}

typealias KernelFunction = @convention(c) (UnsafePointer<UnsafeMutableRawPointer>) -> Void

/// Compiles all kernels at once.
func compile(
  _ kernels: [TestKernel], _ configuration: Configuration
) throws -> LoadedCode {
  var source = Prelude.text(for: configuration.target)
  for kernel in kernels { source += try kernel.text(target: configuration.target) }
  return try configuration.compiler.cCompiler.compile(source: source)
}

/// Calls a kernel on copies of `memory`, each between guard bytes, and gives back what it left.
func run(
  _ kernel: TestKernel, in code: LoadedCode, memory: [String: [UInt8]]
) throws -> [String: [UInt8]] {
  defer { withExtendedLifetime(code) {} }
  let function = unsafeBitCast(try code.function(named: kernel.name), to: KernelFunction.self)
  let buffers = kernel.bases.map { base -> UnsafeMutableRawPointer in
    let bytes = memory[base] ?? []
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 4, alignment: 64)
    buffer.copyMemory(from: bytes, byteCount: bytes.count)
    return buffer
  }
  defer { for buffer in buffers { buffer.deallocate() } }
  function(buffers)
  var result: [String: [UInt8]] = [:]
  for (base, buffer) in zip(kernel.bases, buffers) {
    result[base] = Array(
      UnsafeRawBufferPointer(start: buffer, count: memory[base]?.count ?? 0))
  }
  return result
}

func bytes(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
}
func bytes(_ values: [Float]) -> [UInt8] { bytes(values.map(\.bitPattern)) }

func words(_ bytes: [UInt8]) -> [UInt32] {
  stride(from: 0, to: bytes.count, by: 4).map { start in
    (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
  }
}
func floats(_ bytes: [UInt8]) -> [Float] { words(bytes).map(Float.init(bitPattern:)) }
