import QuernTinyCC
import Testing

/// TinyCC on a text that is still being written.
@Suite struct StreamedCompilationTests {
  typealias Unary = @convention(c) (Int32) -> Int32

  /// Functions `f0`, `f1`, … that add their number, as many as fill the pipe several times.
  static let functions = (0..<8000).map { "int f\($0)(int x) { return x + \($0); }\n" }

  func value(_ name: String, of code: LoadedCode, at x: Int32) throws -> Int32 {
    unsafeBitCast(try code.function(named: name), to: Unary.self)(x)
  }

  @Test("Also where a pipe cannot be read as a file", arguments: [true, false])
  func compilesWhatIsWrittenInParts(readsByName: Bool) throws {
    let add: @convention(c) (Int32, Int32) -> Int32 = { $0 + $1 }
    let compilation = try StreamedCompilation(readsByName: readsByName)
    compilation.write("int host_ad")
    compilation.write("d(int, int);\n")
    for function in Self.functions { compilation.write(function) }
    compilation.write("int last(int x) { return host_add(f7999(x), 1); }")
    let code = try compilation.finish(
      symbols: ["host_add": unsafeBitCast(add, to: UnsafeRawPointer.self)])
    defer { withExtendedLifetime(code) {} }
    #expect(try value("f0", of: code, at: 5) == 5)
    #expect(try value("f4321", of: code, at: 1) == 4322)
    #expect(try value("last", of: code, at: 0) == 8000)
    #expect(code.compileSeconds > 0)
  }

  @Test func oneWriteMayBeLargerThanAPipe() throws {
    let compilation = try StreamedCompilation()
    compilation.write(Self.functions.joined())
    let code = try compilation.finish(symbols: [:])
    defer { withExtendedLifetime(code) {} }
    #expect(try value("f7999", of: code, at: 1) == 8000)
  }

  /// The writer does not wait for ever for a compiler that has stopped to read.
  @Test(arguments: [true, false])
  func anErrorInTheMiddleIsReported(readsByName: Bool) throws {
    let compilation = try StreamedCompilation(readsByName: readsByName)
    compilation.write("int first(int x) { return x }\n")
    for function in Self.functions { compilation.write(function) }
    let error = #expect(throws: CompileError.self) { try compilation.finish(symbols: [:]) }
    guard case .rejected("TinyCC", let message)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(message.contains(":1:"))
  }

  @Test func aMissingSymbolIsReported() throws {
    let compilation = try StreamedCompilation()
    compilation.write("int absent(int); int f(int x) { return absent(x); }")
    let error = #expect(throws: CompileError.self) { try compilation.finish(symbols: [:]) }
    #expect("\(String(describing: error))".contains("absent"))
  }

  /// One that is given up leaves the compiler to the next.
  @Test func oneThatIsGivenUpHoldsNothingBack() throws {
    do {
      let given = try StreamedCompilation()
      given.write(Self.functions.joined())
    }
    let compilation = try StreamedCompilation()
    compilation.write(Self.functions[3])
    let code = try compilation.finish(symbols: [:])
    defer { withExtendedLifetime(code) {} }
    #expect(try value("f3", of: code, at: 1) == 4)
  }

  @Test func severalThreadsCompileAtATime() async throws {
    try await withThrowingTaskGroup(of: LoadedCode.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let compilation = try StreamedCompilation()
          for function in Self.functions.prefix(2000) { compilation.write(function) }
          return try compilation.finish(symbols: [:])
        }
      }
      for try await code in group {
        defer { withExtendedLifetime(code) {} }
        #expect(try value("f1999", of: code, at: 1) == 2000)
      }
    }
  }
}
