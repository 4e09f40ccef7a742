import Foundation
import QuernTinyCC
import Testing

/// Both compilers: text to function pointers, and what they say of bad text.
@Suite struct CompilerTests {
  enum Kind: String, CaseIterable, Sendable {
    case tinycc, system

    var compiler: any CCompiler {
      switch self {
      case .tinycc: TinyCCCompiler()
      case .system: SystemCompiler(flags: ["-O1"])
      }
    }

    static let available = allCases.filter { $0 == .tinycc || SystemCompiler().isAvailable }
  }

  typealias Binary = @convention(c) (Int32, Int32) -> Int32

  @Test(arguments: Kind.available)
  func compilesAndRuns(_ kind: Kind) throws {
    let code = try kind.compiler.compile(
      source: """
        static const int table[4] = {1, 10, 100, 1000};
        int weigh(int place, int digit) { return table[place] * digit; }
        int twice(int place, int digit) { return weigh(place, digit) * 2; }
        """)
    defer { withExtendedLifetime(code) {} }
    let weigh = unsafeBitCast(try code.function(named: "weigh"), to: Binary.self)
    let twice = unsafeBitCast(try code.function(named: "twice"), to: Binary.self)
    #expect(weigh(2, 7) == 700)
    #expect(twice(3, 4) == 8000)
    #expect(code.compileSeconds > 0)
  }

  @Test(arguments: Kind.available)
  func callsSymbolsHandedOver(_ kind: Kind) throws {
    let add: Binary = { $0 + $1 }
    let multiply: Binary = { $0 * $1 }
    let code = try kind.compiler.compile(
      source: """
        int host_add(int, int);
        int host_multiply(int, int);
        int both(int a, int b) { return host_add(a, b) + 1000 * host_multiply(a, b); }
        """,
      symbols: [
        "host_add": unsafeBitCast(add, to: UnsafeRawPointer.self),
        "host_multiply": unsafeBitCast(multiply, to: UnsafeRawPointer.self),
      ])
    defer { withExtendedLifetime(code) {} }
    let both = unsafeBitCast(try code.function(named: "both"), to: Binary.self)
    #expect(both(6, 7) == 42_013)
  }

  @Test func hasASquareRoot() throws {
    let code = try TinyCCCompiler().compile(
      source: """
        float quern_square_root_f32(float);
        float root(float x) { return quern_square_root_f32(x); }
        """)
    defer { withExtendedLifetime(code) {} }
    let root = unsafeBitCast(
      try code.function(named: "root"), to: (@convention(c) (Float) -> Float).self)
    #expect(root(2) == Float(2).squareRoot())
  }

  @Test(arguments: Kind.available)
  func namesTheLineOfAnError(_ kind: Kind) throws {
    let error = #expect(throws: CompileError.self) {
      try kind.compiler.compile(
        source: "int f(void) { return 1; }\n\nint g(void) { return 1 + ; }\n")
    }
    guard case .rejected(_, let message) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(message.contains(":3:"), "\(message)")
  }

  @Test(arguments: Kind.available)
  func namesAMissingSymbol(_ kind: Kind) throws {
    let error = #expect(throws: CompileError.self) {
      try kind.compiler.compile(source: "int absent(int);\nint f(int x) { return absent(x); }\n")
    }
    #expect(error?.description.contains("absent") == true, "\(String(describing: error))")
  }

  @Test(arguments: Kind.available)
  func namesAMissingFunction(_ kind: Kind) throws {
    let code = try kind.compiler.compile(source: "int f(int x) { return x; }\n")
    #expect(throws: CompileError.missingSymbol("g")) { try code.function(named: "g") }
  }

  @Test(arguments: Kind.available)
  func compilesOnSeveralThreads(_ kind: Kind) async throws {
    let compiler = kind.compiler
    let results = try await withThrowingTaskGroup(of: (Int32, Int32).self) { group in
      for number in 0..<8 as Range<Int32> {
        group.addTask {
          // A wrong text beside the right ones: its message must not reach the others.
          if number % 4 == 3 {
            #expect(throws: CompileError.self) { try compiler.compile(source: "int f(") }
          }
          let code = try compiler.compile(
            source: "int f(int a, int b) { return a * \(number) + b; }\n")
          defer { withExtendedLifetime(code) {} }
          let function = unsafeBitCast(try code.function(named: "f"), to: Binary.self)
          return (number, function(100, 5))
        }
      }
      return try await group.reduce(into: [(Int32, Int32)]()) { $0.append($1) }
    }
    #expect(results.count == 8)
    for (number, value) in results { #expect(value == number * 100 + 5) }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/maps")))
  func codeCanBeExecutedAndNotWritten() throws {
    let code = try TinyCCCompiler().compile(source: "int f(int a, int b) { return a - b; }\n")
    defer { withExtendedLifetime(code) {} }
    let address = UInt(bitPattern: try code.function(named: "f"))
    // Its size is said to be 0: to be read to the end.
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
    let maps = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
    let permissions = maps.split(separator: "\n").compactMap { line -> Substring? in
      let fields = line.split(separator: " ")
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      return bounds.count == 2 && bounds[0] <= address && address < bounds[1] ? fields[1] : nil
    }
    #expect(permissions.first?.prefix(3) == "r-x")
  }

  @Test func unloadsWithItsOwner() throws {
    // Far more code than there would be room for, were it kept.
    let source =
      "int f(int a, int b) { return a" + String(repeating: " + b", count: 2000) + "; }\n"
    for _ in 0..<50 {
      let code = try TinyCCCompiler().compile(source: source)
      defer { withExtendedLifetime(code) {} }
      let function = unsafeBitCast(try code.function(named: "f"), to: Binary.self)
      #expect(function(1, 2) == 4001)
    }
  }

  @Test func saysThatThereIsNoCompiler() {
    for name in ["quern-no-such-compiler", "/quern/no/such/compiler"] {
      #expect(throws: CompileError.compilerNotFound(name)) {
        try SystemCompiler(compiler: name).compile(source: "int f(void) { return 0; }\n")
      }
      #expect(!SystemCompiler(compiler: name).isAvailable)
    }
  }

  @Test(.enabled(if: SystemCompiler().isAvailable))
  func leavesNoFilesBehind() throws {
    func folders() throws -> Set<String> {
      Set(
        try FileManager.default.contentsOfDirectory(
          atPath: FileManager.default.temporaryDirectory.path
        ).filter { $0.hasPrefix("quern-leaves-") })
    }
    let compiler = SystemCompiler(flags: ["-O0"], temporaryPrefix: "quern-leaves")
    _ = try compiler.compile(source: "int f(void) { return 0; }\n")
    _ = try? compiler.compile(source: "int f(void) { return }\n")
    #expect(try folders().isEmpty)
  }
}
