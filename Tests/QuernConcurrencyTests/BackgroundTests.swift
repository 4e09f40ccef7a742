import Dispatch
import QuernConcurrency
import Testing

/// Something computed beside the caller.
@Suite struct BackgroundTests {
  private struct Failure: Error {}

  @Test func hasItsValueOnceItIsThere() throws {
    let mayEnd = DispatchSemaphore(value: 0)
    let background = Background {
      mayEnd.wait()
      return 42
    }
    #expect(!background.isFinished)
    mayEnd.signal()
    #expect(try background.value() == 42)
    #expect(background.isFinished)
    #expect(try background.value() == 42)
  }

  @Test func throwsWhatItsWorkThrows() {
    let background = Background<Int> { throw Failure() }
    #expect(throws: Failure.self) { try background.value() }
  }

  /// Each waits for the next: with fewer threads than there are, none would ever end.
  @Test(.timeLimit(.minutes(1))) func eachHasAThreadOfItsOwn() throws {
    var last = Background { 0 }
    for number in 1...40 {
      let before = last
      last = Background { try before.value() + number }
    }
    #expect(try last.value() == (1...40).reduce(0, +))
  }
}
