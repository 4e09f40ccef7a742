import Dispatch
import Synchronization

/// Something that is computed beside the caller, on another thread.
package final class Background<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let done = DispatchGroup()

  /// Starts at once, on a thread of its own: it gets one, be all others busy.
  package init(_ body: @escaping @Sendable () throws -> Value) {
    done.enter()
    DispatchQueue(label: "Background", qos: .userInitiated).async { [self] in
      let outcome = Result { try body() }
      result.withLock { $0 = outcome }
      done.leave()
    }
  }

  /// Whether the result is there.
  package var isFinished: Bool { result.withLock { $0 != nil } }

  /// The result, once it is there. Waits for it.
  package func value() throws -> Value {
    while true {
      done.wait()
      if let outcome = result.withLock({ $0 }) { return try outcome.get() }
    }
  }
}
