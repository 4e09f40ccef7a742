import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A C file that ``TinyCCCompiler`` compiles while it is still being written: it reads what is there,
/// on a thread of its own, and waits for more.
///
///     let compilation = try StreamedCompilation()
///     compilation.write("int answer(void) { return 42; }")
///     let code = try compilation.finish(symbols: [:])
///
/// An object that goes without ``finish(symbols:)`` gives the compilation up. TinyCC compiles one file
/// at a time: a thread that has begun two must not finish the second first.
public final class StreamedCompilation: Sendable {
  /// The end of a pipe; nil once it is closed.
  private let pipeEnd: Mutex<Int32?>
  /// What has not gone into the pipe yet.
  private let held = Mutex("")
  private let worker = Worker()

  /// What the compiler's thread and the writer's have in common.
  private final class Worker: Sendable {
    let state = Mutex(State())
    let symbolsAreThere = DispatchSemaphore(value: 0)
    let isDone = DispatchGroup()

    struct State {
      var symbols: SymbolTable?
      var result: Result<LoadedCode, any Error>?
    }

    /// Compiles what comes out of a pipe, which it closes.
    func compile(_ source: Int32) {
      let result = Result {
        try TinyCCCompiler.compile(from: source) {
          symbolsAreThere.wait()
          guard let symbols = state.withLock({ $0.symbols }) else { throw CancellationError() }
          return symbols.addresses
        }
      }
      // Where the compiler has stopped at an error, the writer goes on.
      TinyCCCompiler.forEachPart(of: source) { _ in }
      close(source)
      state.withLock { $0.result = result }
      isDone.leave()
    }
  }

  /// Addresses of functions, which any thread may read.
  private struct SymbolTable: @unchecked Sendable {
    var addresses: [String: UnsafeRawPointer]
  }

  /// Starts TinyCC.
  ///
  /// - Throws: `CompileError.system` where the system gives no pipe.
  public init() throws {
    let (source, end) = try Self.pipeEnds()
    pipeEnd = Mutex(end)
    worker.isDone.enter()
    // A queue of its own always gets a thread, be all others busy with writing.
    DispatchQueue(label: "TinyCC").async { [worker] in worker.compile(source) }
  }

  private static func pipeEnds() throws -> (source: Int32, end: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw CompileError.system(
        "no pipe to the C compiler: \(String(cString: strerror(errno)))")
    }
    // No child process is to keep it open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  deinit {
    closeEnd()
    // Where no symbols have come, none will.
    worker.symbolsAreThere.signal()
  }

  /// Bytes that are sent together. TinyCC reads so many in a millisecond; that its thread wakes up for
  /// them costs both threads a twentieth of it.
  private static let partSize = 32 << 10

  /// Adds to the file; waits while the compiler has much to read.
  public func write(_ text: String) {
    held.withLock { held in
      held += text
      if held.utf8.count >= Self.partSize {
        send(held)
        held = ""
      }
    }
  }

  /// Sends what is held back: no more will be written.
  public func end() {
    held.withLock { held in
      send(held)
      held = ""
    }
    closeEnd()
  }

  private func send(_ text: String) {
    pipeEnd.withLock { end in
      guard let end else { return }
      var text = text
      text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)[...]
        while !rest.isEmpty {
          let count = systemWrite(end, rest)
          if count < 0, errno == EINTR { continue }
          // There is always someone who reads.
          guard count > 0 else { return }
          rest = rest.dropFirst(count)
        }
      }
    }
  }

  /// Ends the file, and waits for its code.
  ///
  /// - Parameter symbols: addresses of functions and objects that it declares and does not define.
  /// - Throws: `CompileError`.
  public func finish(symbols: [String: UnsafeRawPointer]) throws -> LoadedCode {
    end()
    let table = SymbolTable(addresses: symbols)
    worker.state.withLock { $0.symbols = table }
    worker.symbolsAreThere.signal()
    worker.isDone.wait()
    guard let result = worker.state.withLock({ $0.result }) else {
      throw CompileError.system("TinyCC came to no end")
    }
    return try result.get()
  }

  private func closeEnd() {
    pipeEnd.withLock { end in
      if let open = end { close(open) }
      end = nil
    }
  }
}

/// The system's `write`, which a method of that name hides.
private func systemWrite(_ end: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
  let bytes = UnsafeRawBufferPointer(rebasing: bytes)
  return write(end, bytes.baseAddress, bytes.count)
}
