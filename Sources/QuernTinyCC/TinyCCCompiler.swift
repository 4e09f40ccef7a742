import CTinyCC
import QuernKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// TinyCC as a library, linked in: compiles in memory, in milliseconds, without optimising.
///
/// There is no standard library and there are no headers: what the text calls must be handed over
/// as symbols. `float quern_square_root_f32(float)` always is. Code and constants end up in pages that
/// can be read and executed but not written, so the text must have no variables of static storage
/// duration that change.
public struct TinyCCCompiler: CCompiler {
  public init() {}

  /// libtcc keeps its state in globals: one compilation at a time.
  private static let lock = Mutex(())

  public func compile(source: String, symbols: [String: UnsafeRawPointer]) throws -> LoadedCode {
    let clock = ContinuousClock()
    let start = clock.now
    let loaded = try Self.lock.withLock { _ in
      try Self.load({ tcc_compile_string($0, source) }, symbols: { symbols })
    }
    return LoadedCode(compileSeconds: (clock.now - start).seconds, loaded)
  }

  /// Compiles what comes out of a pipe.
  ///
  /// - Parameters:
  ///   - source: the pipe's end, which stays open. It is read up to the end of the file, or to an error.
  ///   - byName: whether TinyCC reads it, as a file, or gets the text whole.
  ///   - symbols: as for ``compile(source:symbols:)``; asked for when all has been read.
  /// - Returns: code whose seconds are the processor's, without those of waiting.
  /// - Throws: `CompileError`, and what `symbols` throws.
  static func compile(
    from source: Int32, byName: Bool, symbols: () throws -> [String: UnsafeRawPointer]
  ) throws -> LoadedCode {
    let start = threadSeconds()
    let loaded = try lock.withLock { _ in
      try load(
        { state in
          byName
            ? tcc_add_file(state, "/dev/fd/\(source)")
            : tcc_compile_string(state, all(of: source))
        }, symbols: symbols)
    }
    return LoadedCode(compileSeconds: threadSeconds() - start, loaded)
  }

  /// Whether an open pipe can be read as a file: some containers are without.
  static var pipesHaveNames: Bool { access("/dev/fd", R_OK | X_OK) == 0 }

  private static func all(of source: Int32) -> String {
    var text: [UInt8] = []
    forEachPart(of: source) { text += $0 }
    return String(decoding: text, as: UTF8.self)
  }

  /// Calls `body` with what comes out of a pipe, until it is closed.
  static func forEachPart(of source: Int32, _ body: (Slice<UnsafeMutableRawBufferPointer>) -> Void)
  {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { part in
      while true {
        let count = read(source, part.baseAddress, part.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        body(part[..<count])
      }
    }
  }

  /// What this thread has had of a processor.
  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// - Parameter compile: hands TinyCC the text; negative where it rejects it.
  private static func load(
    _ compile: (OpaquePointer) -> Int32, symbols: () throws -> [String: UnsafeRawPointer]
  ) throws -> (CodePages, [String: UInt]) {
    guard let state = tcc_new() else {
      throw CompileError.system("TinyCC cannot be started: out of memory")
    }
    defer { tcc_delete(state) }
    let messages = Messages()
    tcc_set_error_func(state, Unmanaged.passUnretained(messages).toOpaque()) { context, text in
      guard let context, let text else { return }
      Unmanaged<Messages>.fromOpaque(context).takeUnretainedValue().lines
        .append(String(cString: text))
    }
    func check(_ result: Int32) throws {
      guard result >= 0 else {
        throw CompileError.rejected(
          compiler: "TinyCC", message: messages.lines.joined(separator: "\n"))
      }
    }
    // A pipe has no name that would tell what is in it.
    tcc_set_options(state, "-nostdlib -nostdinc -x c")
    try check(tcc_set_output_type(state, TCC_OUTPUT_MEMORY))
    try check(compile(state))
    let squareRoot: @convention(c) (Float) -> Float = quern_square_root_f32
    try check(
      tcc_add_symbol(
        state, "quern_square_root_f32", unsafeBitCast(squareRoot, to: UnsafeRawPointer.self)))
    for (name, address) in try symbols() {
      try check(tcc_add_symbol(state, name, address))
    }

    let size = tcc_relocate(state, nil)
    try check(size)
    let pages = try CodePages(size: Int(size))
    var loaded = false
    defer { if !loaded { pages.unmap() } }
    // libtcc copies the code and then makes its pages writable and executable at once; nothing runs
    // there before the next line takes the right to write away.
    try check(tcc_relocate(state, pages.start))
    try pages.makeExecutable()
    loaded = true

    let functions = Functions(pages: pages)
    tcc_list_symbols(state, Unmanaged.passUnretained(functions).toOpaque()) {
      context, name, value in
      guard let context, let name, let value else { return }
      Unmanaged<Functions>.fromOpaque(context).takeUnretainedValue().add(name, value)
    }
    return (pages, functions.addresses)
  }
}

private final class Messages {
  var lines: [String] = []
}

private final class Functions {
  let pages: CodePages
  var addresses: [String: UInt] = [:]
  init(pages: CodePages) { self.pages = pages }

  func add(_ name: UnsafePointer<CChar>, _ value: UnsafeRawPointer) {
    guard pages.contains(value) else { return }
    addresses[String(cString: name)] = UInt(bitPattern: value)
  }
}

extension LoadedCode {
  fileprivate convenience init(compileSeconds: Double, _ loaded: (CodePages, [String: UInt])) {
    let (pages, functions) = loaded
    self.init(
      compileSeconds: compileSeconds,
      lookUp: { functions[$0].flatMap { UnsafeRawPointer(bitPattern: $0) } },
      unload: { pages.unmap() })
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
