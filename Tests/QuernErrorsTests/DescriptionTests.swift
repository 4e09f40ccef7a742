import QuernErrors
import Testing

/// An error in words: a phrase goes on after a semicolon, a sentence begins after a full stop.
@Suite struct DescriptionTests {
  @Test func remedyIsAPhrase() {
    let error = QuernError("conv1", "the kernel is 0 high", remedy: "give at least 1")
    #expect("\(error)" == "conv1: the kernel is 0 high; give at least 1")
    #expect(error.kind == nil)
  }

  @Test(arguments: ["Check the path.", "Is it the right file?"])
  func remedyIsASentence(_ remedy: String) {
    let error = QuernError(
      .missing, in: "a.png", found: "there is no such file", expected: "a readable file",
      remedy: remedy)
    #expect("\(error)" == "a.png: there is no such file; expected a readable file. \(remedy)")
    #expect(error.kind == .missing)
  }

  @Test func noRemedy() {
    let error = QuernError(.empty, in: "digits", found: "no pictures", expected: "at least one")
    #expect("\(error)" == "digits: no pictures; expected at least one.")
  }
}
