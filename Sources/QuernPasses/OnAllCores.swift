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
