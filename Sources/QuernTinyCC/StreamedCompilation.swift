import Dispatch
import QuernConcurrency
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
  /// The symbols, on their way to the compiler's thread.
  private let handover: Handover
  /// What the compiler's thread comes to.
  private let code: Background<LoadedCode>

  private final class Handover: Sendable {
    private let symbols = Mutex<SymbolTable?>(nil)
    private let areThere = DispatchSemaphore(value: 0)

    /// - Parameter table: nil where none will come.
    func give(_ table: SymbolTable?) {
      symbols.withLock { $0 = table }
      areThere.signal()
    }

    func take() throws -> SymbolTable {
      areThere.wait()
      guard let table = symbols.withLock({ $0 }) else { throw CancellationError() }
      return table
    }
  }

  /// Addresses of functions, which any thread may read.
  private struct SymbolTable: @unchecked Sendable {
    var addresses: [String: UnsafeRawPointer]
  }

  /// Starts TinyCC.
  ///
  /// - Throws: `CompileError.system` where the system gives no pipe.
  public convenience init() throws { try self.init(readsByName: TinyCCCompiler.pipesHaveNames) }

  /// - Parameter readsByName: whether TinyCC reads the pipe itself, as a file, or gets the text whole.
  package init(readsByName: Bool) throws {
    let (source, end) = try Self.pipeEnds()
    pipeEnd = Mutex(end)
    let handover = Handover()
    self.handover = handover
    code = Background {
      // Where the compiler has stopped at an error, the writer goes on.
      defer {
        TinyCCCompiler.forEachPart(of: source) { _ in }
        close(source)
      }
      return try TinyCCCompiler.compile(from: source, byName: readsByName) {
        try handover.take().addresses
      }
    }
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
    handover.give(nil)
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
    handover.give(SymbolTable(addresses: symbols))
    return try code.value()
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
