import QuernImages
import QuernTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Training that is killed, stopped, resumed.
@Suite struct RobustTrainingTests {
  private static let train = [
    "train", "digits-conv", "--epochs", "12", "--deform", "elastic:1.5:3,rotation:10,shear:10",
    "--optimizer", "adam", "--schedule", "cosine:12", "--validation", "0.2",
  ]

  private func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  /// A run that is killed ten times, at moments that a seed decides, ends with the file of one that
  /// was never killed.
  @Test func killedTenTimes() throws {
    try withTemporaryFolder { folder in
      let whole = try quern(Self.train + ["--save", folder + "/whole"])
      #expect(whole.status == 0, "\(whole)")

      let path = folder + "/run"
      let run = Self.train + ["--checkpoint", path, "--every", "2", "--resume"]
      var random = SystemIndependentRandom(state: 20_101_124)
      var resumed = 0
      for kill in 0..<10 {
        let delay = random.next(below: 100_000)
        let killed = try quern(run) {
          usleep(delay)
          terminate($0)
        }
        #expect(killed.status == 128 + SIGKILL, "kill \(kill): \(killed)")
        if killed.output.contains("going on from \(path)") { resumed += 1 }
        #expect(
          killed.output.contains("going on from") != killed.output.contains("beginning afresh"))
      }
      #expect(resumed > 0)
      let last = try quern(run)
      #expect(last.status == 0 && last.output.contains("going on from \(path)"), "\(last)")
      #expect(last.output.contains("epoch 12/12"))
      #expect(try contents(path) == contents(folder + "/whole"))

      // A run that is over is not run again.
      let again = try quern(run)
      #expect(again.status == 0 && !again.output.contains("epoch 12/12"), "\(again)")
      #expect(try contents(path) == contents(folder + "/whole"))
    }
  }

  /// What a stopping rule keeps within an epoch and from one to the next is in the file: a killed run
  /// stops after the same epoch, with the same weights.
  @Test(
    arguments: [
      ["--stop", "validation", "--patience", "2", "--validation", "0.2", "--epochs", "40"],
      [
        "--stop", "parameters", "--epsilon", "0.4", "--optimizer", "adam", "--schedule", "cosine:8",
        "--epochs", "8",
      ],
    ])
  func killedWithAStoppingRule(rule: [String]) throws {
    try withTemporaryFolder { folder in
      let train = ["train", "digits-conv", "--deform", "rotation:10"] + rule
      let whole = try quern(train + ["--checkpoint", folder + "/whole"])
      let lines = whole.output.split(separator: "\n")
      let stop = try #require(lines.first { $0.hasPrefix("stopped after epoch") }, "\(whole)")

      let path = folder + "/run"
      let run = train + ["--checkpoint", path, "--every", "1", "--resume"]
      var random = SystemIndependentRandom(state: 20_101_124)
      var resumed = 0
      for kill in 0..<5 {
        let delay = 50_000 + random.next(below: 100_000)
        let killed = try quern(run) {
          usleep(delay)
          terminate($0)
        }
        #expect(killed.status == 128 + SIGKILL, "kill \(kill): \(killed)")
        if killed.output.contains("going on from \(path)") { resumed += 1 }
      }
      #expect(resumed > 0)
      // The rule too is in the file.
      let last = try quern(["train", "digits-conv", "--checkpoint", path, "--resume"])
      #expect(last.status == 0 && last.output.contains("going on from \(path)"), "\(last)")
      #expect(last.output.split(separator: "\n").contains(stop), "\(last)")
      #expect(try contents(path) == contents(folder + "/whole"))
    }
  }

  @Test func interruptingARunWithACheckpoint() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/run"
      let run = ["train", "digits-conv", "--epochs", "100000", "--checkpoint", path]
      let stopped = try quern(run) { kill($0, SIGINT) }
      #expect(stopped.status == 130 && stopped.errorLines.count == 1, "\(stopped)")
      #expect(
        stopped.errors.contains("saved \(path); go on with the same command and --resume"))
      let resumed = try quern(
        ["train", "digits-conv", "--epochs", "1", "--checkpoint", path, "--resume"])
      #expect(resumed.status == 0 && resumed.output.contains("going on from \(path)"), "\(resumed)")
    }
  }

  /// The second Ctrl-C does not wait for anything.
  @Test func interruptingTwice() throws {
    let result = try quern(
      ["train", "vgg", "--data", "digits", "--batch", "128", "--threads", "1"]
    ) {
      // The first step takes a second or so.
      kill($0, SIGINT)
      usleep(100_000)
      kill($0, SIGINT)
    }
    #expect(result.status == 128 + SIGINT, "\(result)")
    #expect(!result.errors.contains("interrupted"))
  }

  /// Settings are taken from the file, the number of epochs too.
  @Test func resumingNeedsNoOptions() throws {
    try withTemporaryFolder { folder in
      let train = [
        "train", "digits-conv", "--batch", "64", "--schedule", "cosine:2", "--deform",
        "rotation,limit:3:1",
      ]
      let whole = try quern(train + ["--epochs", "2", "--checkpoint", folder + "/whole"])
      #expect(whole.status == 0 && whole.output.contains("deformed anew each epoch"), "\(whole)")
      _ = try quern(train + ["--epochs", "1", "--save", folder + "/half"])
      // The half was to have one epoch; told otherwise, it goes on as the whole did.
      let resumed = try quern([
        "train", "digits-conv", "--load", folder + "/half", "--epochs", "2", "--checkpoint",
        folder + "/resumed",
      ])
      #expect(resumed.output.contains("rotation:15.0,limit:3.0:1"), "\(resumed)")
      let one = try contents(folder + "/whole")
      #expect(try contents(folder + "/resumed") == one)
      let nothing = try quern(
        ["train", "digits-conv", "--checkpoint", folder + "/whole", "--resume"])
      #expect(nothing.status == 0 && nothing.output.contains("all 2 epochs are done"), "\(nothing)")
      #expect(try contents(folder + "/whole") == one)
    }
  }

  @Test func thePapersRecipe() throws {
    try withTemporaryFolder { folder in
      let train = ["train", "ciresan-1", "--recipe", "paper", "--data", "digits"]
      let whole = try quern(train + ["--epochs", "3", "--checkpoint", folder + "/whole"])
      #expect(whole.status == 0, "\(whole)")
      #expect(whole.output.contains("sgd, learning rate"))
      // Down to a thousandth in the third epoch.
      #expect(whole.output.contains("exponential:0.0316227766"))
      #expect(whole.output.contains("elastic:5.0-6.0:36.0-38.0,rotation:15.0,shear:15.0,"))
      #expect(whole.output.contains("validation error") && whole.output.contains("test error"))
      #expect(whole.output.contains("\ntest error for best validation "))
      #expect(whole.output.contains("; best test error "))

      // Stopped somewhere and resumed, the best epochs are the same.
      let part = train + ["--epochs", "3", "--checkpoint", folder + "/part", "--every", "1"]
      let stopped = try quern(part) {
        usleep(60_000)
        kill($0, SIGINT)
      }
      #expect(stopped.status == 130, "\(stopped)")
      let resumed = try quern(part + ["--resume"])
      #expect(resumed.status == 0, "\(resumed)")
      #expect(
        resumed.output.split(separator: "\n").first { $0.hasPrefix("test error for") }
          == whole.output.split(separator: "\n").first { $0.hasPrefix("test error for") })
      #expect(try contents(folder + "/part") == contents(folder + "/whole"))
    }
  }

  /// The rate goes with the batch: a step sums up what its examples would have done. Up to a limit.
  @Test func thePapersRateGoesWithTheBatch() throws {
    func rate(_ batch: String, _ model: String = "ciresan-1") throws -> Double {
      let result = try quern([
        "train", model, "--recipe", "paper", "--data", "digits", "--epochs", "1", "--batch",
        batch, "--deform", "none",
      ])
      #expect(result.status == 0 && !result.output.contains("deformed"), "\(result)")
      let words = result.output.split(whereSeparator: { $0 == " " })
      let place = try #require(words.firstIndex(of: "rate"))
      return try #require(Double(words[place + 1]))
    }
    #expect(try rate("1") == 0.001)
    #expect(try rate("8") == 0.008)
    #expect(try rate("32") == 0.032)
    #expect(try rate("64") == 0.032)
    #expect(try rate("32", "ciresan-5") == 0.016)
  }

  @Test func drawingDeformedPictures() throws {
    let result = try quern(["deform", "--pictures", "3,9", "--epochs", "5"])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    let help = try quern(["deform", "--help"]).output
    #expect(help.contains("USAGE: quern deform"))
    // Training has "none" besides; here it would draw each picture several times as it is.
    #expect(help.contains("paper, or parts") && !help.contains("none"))
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    // 8×8 pictures take four lines; six of them stand side by side.
    #expect(lines.count == 2 * 5 + 1)
    #expect(
      lines[0].hasPrefix("picture 3, of class ") && lines[5].hasPrefix("picture 9, of class "))
    #expect(lines[1].count == 6 * 8 + 5 * 2)
    #expect(try quern(["deform", "--pictures", "3,9", "--epochs", "5"]).output == result.output)
    #expect(
      try quern(["deform", "--pictures", "3,9", "--epochs", "5", "--seed", "2"]).output
        != result.output)
  }

  @Test func deformedPicturesAsPNG() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/deformed.png"
      let result = try quern(["deform", "--pictures", "3,9", "--epochs", "5", "-o", path])
      #expect(result.status == 0 && result.output.contains("written: \(path)"), "\(result)")
      let sheet = try Picture(contentsOfPNG: path)
      // Two rows of six; 8×8 pixels are drawn eight times as large, two pixels apart.
      #expect(sheet.height == 2 * 66 + 2 && sheet.width == 6 * 66 + 2)
      let nowhere = try quern(["deform", "-o", folder + "/none/deformed.png"])
      #expect(nowhere.status == 1 && nowhere.output.isEmpty, "\(nowhere)")
    }
  }

  @Test func badInput() throws {
    func expectFailure(
      _ arguments: [String], _ parts: [String], status: Int32 = 1,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let result = try quern(arguments)
      #expect(
        result.status == status && result.output.isEmpty, "\(result)",
        sourceLocation: sourceLocation)
      if status == 1 {
        #expect(result.errorLines.count == 1, "\(result)", sourceLocation: sourceLocation)
      }
      for part in parts {
        #expect(result.errors.contains(part), "\(result)", sourceLocation: sourceLocation)
      }
    }
    let train = ["train", "digits-conv"]
    try expectFailure(train + ["--deform", "blur"], ["--deform", "\"blur\"", "elastic"])
    try expectFailure(train + ["--deform", "rotation:400"], ["--deform", "rotation of 400"])
    try expectFailure(
      ["train", "resnet8", "--recipe", "paper"], ["--recipe paper", "resnet8", "--deform paper"])
    try expectFailure(["deform", "--deform", "blur"], ["--deform", "\"blur\""])
    try expectFailure(["deform", "--pictures", "0,x"], ["--pictures", "\"x\"", "1436"])
    try expectFailure(["deform", "--pictures", "1437"], ["--pictures", "1437"])
    try expectFailure(["deform", "--epochs", "0"], ["--epochs"])
    try expectFailure(train + ["--recipe", "cake"], ["--recipe"], status: 64)
    try expectFailure(train + ["--every", "3"], ["--every needs --checkpoint"], status: 64)
    try expectFailure(train + ["--resume"], ["--resume needs --checkpoint"], status: 64)
    try expectFailure(
      train + ["--checkpoint", "/no/such/folder/x"], ["/no/such/folder/x", "cannot be written"])
    #if os(Linux)
      // Root may write there, but nobody can make a file: said before training, not after it.
      try expectFailure(train + ["--save", "/proc/x"], ["/proc/x: cannot be written"])
      // A link is followed to where nothing can be replaced.
      try withTemporaryFolder { folder in
        let link = folder + "/link"
        symlink("/proc/version", link)
        try expectFailure(train + ["--save", link], ["\(link): cannot be written"])
      }
    #endif
    try withTemporaryFolder { folder in
      let path = folder + "/run"
      try expectFailure(train + ["--checkpoint", path, "--every", "0"], ["--every", "1 step"])
      #expect(try quern(train + ["--epochs", "1", "--checkpoint", path]).status == 0)
      // It is not overwritten by a run that does not go on with it.
      let before = try contents(path)
      try expectFailure(train + ["--checkpoint", path], [path, "--resume"])
      #expect(try contents(path) == before)
      try expectFailure(
        ["train", "fc", "--data", "digits", "--checkpoint", path, "--resume"],
        [path, "\"digits-conv\"", "\"fc\""])
      try write([UInt8](repeating: 0x55, count: 100), to: path)
      try expectFailure(train + ["--checkpoint", path, "--resume"], [path])
    }
  }
}

/// SplitMix64, so that the moments are the same everywhere.
struct SystemIndependentRandom {
  var state: UInt64

  mutating func next(below bound: UInt64) -> UInt32 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return UInt32((mixed ^ (mixed >> 31)) % bound)
  }
}

private func terminate(_ process: pid_t) { kill(process, SIGKILL) }
