import QuernConcurrency
import Synchronization
import Testing

/// Work on all cores whose results are handed on in order.
@Suite struct OnAllCoresTests {
  private struct Failure: Error, Equatable { var number: Int }

  /// Takes the longer the smaller its number, so that later ones are done first.
  private func slowly(_ number: Int, of count: Int) -> Int {
    var hash: UInt64 = 1
    for _ in 0..<(count - number) * 2000 { hash = hash &* 6_364_136_223_846_793_005 &+ 1 }
    return hash == 0 ? -1 : number
  }

  @Test(arguments: [0, 1, 2, 7, 300])
  func resultsComeInOrder(_ count: Int) {
    let taken = Mutex<[Int]>([])
    let inside = Atomic(0)
    onAllCores(count) {
      slowly($0, of: count)
    } inOrder: { number in
      // Of one after the other.
      #expect(inside.add(1, ordering: .relaxed).newValue == 1)
      taken.withLock { $0.append(number) }
      inside.subtract(1, ordering: .relaxed)
    }
    #expect(taken.withLock { $0 } == Array(0..<count))
  }

  @Test func theFirstFailureIsThrown() {
    let taken = Mutex<[Int]>([])
    #expect(throws: Failure(number: 40)) {
      try onAllCores(100) { number in
        if number >= 40, number % 3 == 1 { throw Failure(number: number) }
        return slowly(number, of: 100)
      } inOrder: { number in
        taken.withLock { $0.append(number) }
      }
    }
    #expect(taken.withLock { $0 } == Array(0..<40))
  }
}
