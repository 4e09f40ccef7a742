import CTinyCC
import QuernKernels
import Synchronization

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
    let (pages, functions) = try Self.lock.withLock { _ in
      try Self.load(source: source, symbols: symbols)
    }
    return LoadedCode(
      compileSeconds: (clock.now - start).seconds,
      lookUp: { functions[$0].flatMap { UnsafeRawPointer(bitPattern: $0) } },
      unload: { pages.unmap() })
  }

  private static func load(
    source: String, symbols: [String: UnsafeRawPointer]
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
    tcc_set_options(state, "-nostdlib -nostdinc")
    try check(tcc_set_output_type(state, TCC_OUTPUT_MEMORY))
    try check(tcc_compile_string(state, source))
    let squareRoot: @convention(c) (Float) -> Float = quern_square_root_f32
    try check(
      tcc_add_symbol(
        state, "quern_square_root_f32", unsafeBitCast(squareRoot, to: UnsafeRawPointer.self)))
    for (name, address) in symbols {
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

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
