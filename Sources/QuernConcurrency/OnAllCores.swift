import Dispatch
import Synchronization

/// The results of independent work for 0 ..< `count`.
///
/// - Throws: the error of the first that fails.
package func onAllCores<T: Sendable, Failure: Error>(
  _ count: Int, _ work: @Sendable (Int) throws(Failure) -> T
) throws(Failure) -> [T] {
  // Of many, several at a time: taking the next one is not for nothing.
  let step = max(1, count / 128)
  let groups = (count + step - 1) / step
  let results = Mutex([Result<[T], Failure>?](repeating: nil, count: groups))
  DispatchQueue.concurrentPerform(iterations: groups) { group in
    let range = group * step..<min(count, (group + 1) * step)
    let result = Result { () throws(Failure) in try range.map(work) }
    results.withLock { $0[group] = result }
  }
  var all: [T] = []
  all.reserveCapacity(count)
  for result in results.withLock({ $0 }) {
    if let result { all += try result.get() }
  }
  return all
}

/// Hands on the results of independent work for 0 ..< `count` in their order, each as soon as it and
/// all before it are there.
///
/// - Parameter take: what is done with a result: of one after the other, on whichever core the last one
///   that was missing has been computed.
/// - Throws: the error of the first that fails; those before it have been handed on.
package func onAllCores<T: Sendable, Failure: Error>(
  _ count: Int, _ work: @Sendable (Int) throws(Failure) -> T, inOrder take: @Sendable (T) -> Void
) throws(Failure) {
  let queue = Mutex(OrderedResults<T, Failure>(count))
  DispatchQueue.concurrentPerform(iterations: count) { number in
    let result = Result { () throws(Failure) in try work(number) }
    queue.withLock { $0.add(result, number) }
    // Who hands on a result also does so with those that have come meanwhile.
    while let next = queue.withLock({ $0.next() }) {
      take(next)
      queue.withLock { $0.isHandingOn = false }
    }
  }
  if let failure = queue.withLock({ $0.failure }) { throw failure }
}

/// Results that wait for those before them.
private struct OrderedResults<T: Sendable, Failure: Error>: Sendable {
  private var waiting: [Result<T, Failure>?]
  private var handedOn = 0
  /// Whether a result is on its way.
  var isHandingOn = false
  /// Of the first that failed, after which nothing is handed on.
  private(set) var failure: Failure?

  init(_ count: Int) { waiting = Array(repeating: nil, count: count) }

  mutating func add(_ result: Result<T, Failure>, _ number: Int) { waiting[number] = result }

  /// The next in order, if it is there and no other is on its way.
  mutating func next() -> T? {
    guard !isHandingOn, failure == nil, handedOn < waiting.count, let result = waiting[handedOn]
    else { return nil }
    switch result {
    case .success(let value):
      waiting[handedOn] = nil
      handedOn += 1
      isHandingOn = true
      return value
    case .failure(let error):
      failure = error
      return nil
    }
  }
}
