import Dispatch
import Synchronization

/// Something that is computed beside the caller, on another thread.
final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = DispatchSemaphore(value: 0)

  /// Starts at once.
  init(_ body: @escaping @Sendable () throws -> Value) {
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      let outcome = Result { try body() }
      result.withLock { $0 = outcome }
      done.signal()
    }
  }

  /// The result, once it is there; to be asked for once.
  func value() throws -> Value {
    done.wait()
    guard let outcome = result.withLock({ $0 }) else {
      throw Failure("a result was asked for twice")
    }
    return try outcome.get()
  }
}
