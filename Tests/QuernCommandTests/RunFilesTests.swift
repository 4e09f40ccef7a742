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

/// The files around a training run: which data it was, what happens where one cannot be written.
@Suite struct RunFilesTests {
  private static let train = ["train", "digits-conv", "--epochs", "1"]

  /// The four files of a data set of random pictures.
  private func writeData(_ folder: String) throws {
    var random = SystemIndependentRandom(state: 7)
    for (name, count) in [("train", 96), ("t10k", 32)] {
      func header(_ numbers: [Int]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).reversed().map { UInt8(number >> (8 * $0) & 255) } }
      }
      let pixels = (0..<64 * count).map { _ in UInt8(random.next(below: 256)) }
      let labels = (0..<count).map { _ in UInt8(random.next(below: 10)) }
      try Data(header([2051, count, 8, 8]) + pixels)
        .write(to: URL(filePath: "\(folder)/\(name)-images-idx3-ubyte"))
      try Data(header([2049, count]) + labels)
        .write(to: URL(filePath: "\(folder)/\(name)-labels-idx1-ubyte"))
    }
  }

  @Test("A run goes on with the data that it was trained on, and is tested on it")
  func dataAreRemembered() throws {
    try withTemporaryFolder { folder in
      try writeData(folder)
      let file = folder + "/run.st"
      let first = try quern(Self.train + ["--data", folder, "--save", file])
      #expect(first.status == 0 && first.output.contains("96 training and 32 test"), "\(first)")
      let second = try quern(["train", "digits-conv", "--epochs", "2", "--load", file])
      #expect(second.status == 0 && second.output.contains("96 training and 32 test"), "\(second)")
      let tested = try quern(["predict", "digits-conv", "--weights", file, "--wrong", "0"])
      #expect(tested.status == 0 && tested.output.contains("of 32;"), "\(tested)")
      let other = try quern(
        ["predict", "digits-conv", "--weights", file, "--wrong", "0", "--data", "digits"])
      #expect(other.output.contains("of 360;"), "\(other)")
    }
  }

  @Test("In the middle of an epoch a run does not go on with other pictures of the same number")
  func otherDataAreRefused() throws {
    try withTemporaryFolder { folder in
      let own = folder + "/own"
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
      try writeData(own)
      let file = folder + "/run.st"
      let train = ["train", "digits-conv", "--data", own, "--epochs", "2000", "--batch", "8"]
      let stopped = try quern(train + ["--checkpoint", file, "--every", "1"]) {
        usleep(30_000)
        kill($0, SIGINT)
      }
      #expect(stopped.status == 130, "\(stopped)")
      // The same labels and shapes, other pixels.
      let path = URL(filePath: own + "/train-images-idx3-ubyte")
      var bytes = try Data(contentsOf: path)
      for index in 16..<bytes.count { bytes[index] = ~bytes[index] }
      try bytes.write(to: path)
      let resumed = try quern(
        ["train", "digits-conv", "--data", own, "--epochs", "1", "--batch", "8"]
          + ["--checkpoint", file, "--resume"])
      guard !stopped.errors.contains("step 0)") else { return }
      #expect(resumed.status == 1 && resumed.errors.contains("Go on with the same data set"))
    }
  }

  @Test("A cosine that ended with the run ends with the longer one")
  func cosinesAreStretched() throws {
    try withTemporaryFolder { folder in
      let file = folder + "/run.st"
      _ = try quern(Self.train + ["--save", file])
      let longer = try quern(["train", "digits-conv", "--epochs", "3", "--load", file])
      #expect(longer.status == 0 && longer.output.contains("cosine:3:"), "\(longer)")
      let kept = try quern(
        ["train", "digits-conv", "--epochs", "2", "--load", file, "--schedule", "cosine:9"])
      #expect(kept.output.contains("cosine:9:"), "\(kept)")
      let over = try quern(["train", "digits-conv", "--load", file])
      #expect(over.status == 0 && over.output.contains("all 1 epochs are done"), "\(over)")
    }
  }

  @Test func oneFileForTwoThingsIsRefused() throws {
    try withTemporaryFolder { folder in
      let (a, b) = (folder + "/a.st", folder + "/b.st")
      _ = try quern(Self.train + ["--save", a])
      let before = try Data(contentsOf: URL(filePath: a))
      symlink(a, b)
      for arguments in [
        Self.train + ["--load", a, "--log", b],
        Self.train + ["--save", b, "--log", folder + "/./a.st"],
        Self.train + ["--checkpoint", folder + "/c", "--save", folder + "/c"],
        ["look", "filters", "digits-conv", "--weights", a, "-o", b],
        ["gradient", "digits-conv", "--weights", a, "--batch", folder + "/x", "--output", b],
      ] {
        let result = try quern(arguments)
        #expect(result.status == 1 && result.errors.contains("would be lost"), "\(result)")
      }
      #expect(try Data(contentsOf: URL(filePath: a)) == before)
      // A run may be saved where it came from.
      let same = try quern(["train", "digits-conv", "--epochs", "2", "--load", a, "--save", a])
      #expect(same.status == 0 && same.output.contains("saved \(a)"), "\(same)")
    }
  }

  @Test("Files that cannot be written do not take the others with them")
  func otherFilesAreWritten() throws {
    guard access("/dev/full", W_OK) == 0 else { return }
    try withTemporaryFolder { folder in
      let file = folder + "/run.st"
      let result = try quern(Self.train + ["--log", "/dev/full", "--save", file])
      #expect(result.status == 1 && result.output.contains("saved \(file)"), "\(result)")
      #expect(result.errors.contains("/dev/full: cannot write the log"), "\(result)")
      #expect(access(file, R_OK) == 0)
      for arguments in [["--save", ""], ["--log", ""], ["--log", folder + "/none/log"]] {
        let refused = try quern(Self.train + arguments)
        #expect(refused.status == 1 && refused.output.isEmpty, "\(refused)")
      }
    }
  }

  @Test("A closed terminal ends a run as Ctrl-C does")
  func closedTerminals() throws {
    try withTemporaryFolder { folder in
      let file = folder + "/run.st"
      let result = try quern(["train", "digits-conv", "--epochs", "500", "--save", file]) {
        kill($0, SIGHUP)
      }
      #expect(result.status == 130 && result.errors.contains("go on with"), "\(result)")
      #expect(access(file, R_OK) == 0)
    }
  }
}
