import QuernMachine
import QuernTestSupport
import QuernVectors
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

@Suite struct CommandTests {
  @Test func everyCommandHasHelp() throws {
    let all = try quern(["--help"])
    #expect(all.status == 0 && all.errors.isEmpty)
    let names = [
      "demo", "models", "summary", "train", "predict", "explain", "descend", "filter", "look",
      "deform", "show", "bench", "profile", "gradient", "check",
    ]
    for name in names {
      #expect(all.output.contains("  \(name) "))
      let help = try quern([name, "--help"])
      #expect(help.status == 0 && help.output.contains("USAGE: quern \(name)"), "\(help)")
    }
  }

  private struct Row: Decodable {
    var name: String
    var inputShape: [Int]
    var parameters: Int
  }

  @Test func helpTellsWhereDataAreLookedFor() throws {
    let words = try quern(["train", "--help"]).output.split(whereSeparator: \.isWhitespace)
    #expect(words.contains("QUERN_DATA") && words.contains("/usr/share/datasets."))
  }

  /// The lecture's and the paper's counts.
  @Test func models() throws {
    let result = try quern(["models", "--json"])
    let rows = try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
    let counts = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.parameters) })
    #expect(counts["fc"] == 785_000 + 10_010)
    #expect(
      (1...5).map { counts["ciresan-\($0)"] } == [
        1_347_510, 3_269_510, 6_692_010, 12_115_010, 8_860_010,
      ])
    let table = try quern(["models"]).output.split(separator: "\n")
    #expect(table.count == rows.count + 2)
    #expect(table.contains { $0.hasPrefix("fc ") && $0.contains("795,010") })
  }

  @Test(arguments: ["graph", "gradient", "kernels", "plan", "c", "dot"])
  func show(_ stage: String) throws {
    let result = try quern(["show", stage, "digits-conv", "--batch", "2"])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("conv1"))
    let inference = try quern(["show", stage, "digits-conv", "--batch", "2", "--inference"])
    #expect((inference.status == 0) == (stage != "gradient"))
    #expect(inference.output != result.output)
  }

  @Test("Kernels that work for several layers name them all")
  func layersOfKernels() throws {
    for stage in [["kernels"], ["schedule"], ["graph", "--after", "fuse"]] {
      let arguments = ["show"] + stage.prefix(1) + ["digits-conv", "--batch", "2"]
      let result = try quern(arguments + stage.dropFirst())
      #expect(result.output.contains("  // conv1, relu1\n"), "\(stage): \(result)")
    }
    let code = try quern(["show", "c", "digits-conv", "--batch", "2"]).output
    #expect(code.contains("\n// conv1, relu1\n"))
    let profile = ["profile", "digits-conv", "--batch", "2", "--runs", "1"]
    #expect(try quern(profile).output.contains(" conv1, relu1\n"))
    #expect(try quern(profile + ["--json"]).output.contains("\"layers\""))
  }

  /// Text can be printed for a target that this processor lacks; only running is refused.
  @Test(arguments: ["kernels", "plan", "c"], ["avx512", "avx2", "portable"])
  func showForATarget(_ stage: String, _ target: String) throws {
    let arguments = ["digits-conv", "--batch", "2", "--target", target]
    let result = try quern(["show", stage] + arguments)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output.contains("conv1"))
    let noThreads = try quern(["show", stage] + arguments + ["--threads", "0"])
    #expect(noThreads.status == 1 && noThreads.errors.contains("threads"), "\(noThreads)")
  }

  @Test(.enabled(if: !Target.avx512.isSupported, "this processor has all instructions"))
  func runningForATargetThatIsNotThere() throws {
    let result = try quern(["train", "digits-conv", "--epochs", "1", "--target", "avx512"])
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains("target avx512"), "\(result)")
  }

  /// Two runs, one of them stopped and resumed, end with the same file.
  @Test func resuming() throws {
    try withTemporaryFolder { folder in
      let train = [
        "train", "digits-conv", "--batch", "64", "--schedule", "cosine:2", "--l1", "1e-5", "--l2",
        "1e-4", "--validation", "0.1",
      ]
      let whole = try quern(train + ["--epochs", "2", "--save", folder + "/whole"])
      #expect(whole.status == 0, "\(whole)")
      #expect(whole.output.contains("epoch 2/2"))
      #expect(whole.output.contains("validation loss") && whole.output.contains("\ntest loss"))
      _ = try quern(train + ["--epochs", "1", "--save", folder + "/half"])
      let resumed = try quern([
        "train", "digits-conv", "--load", folder + "/half", "--epochs", "2", "--save",
        folder + "/resumed",
      ])
      #expect(resumed.status == 0 && resumed.output.contains("going on"), "\(resumed)")
      #expect(resumed.output.contains("validation loss"))
      let first = try Data(contentsOf: URL(filePath: folder + "/whole"))
      #expect(try first == Data(contentsOf: URL(filePath: folder + "/resumed")))
    }
  }

  @Test func interrupting() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/stopped"
      let result = try quern(
        ["train", "digits-conv", "--epochs", "100000", "--save", path, "--log", folder + "/log"]
      ) { kill($0, SIGINT) }
      #expect(result.status == 130, "\(result.errors)")
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("interrupted") && result.errors.contains("--load \(path)"))
      #expect(access(path, R_OK) == 0)
      let resumed = try quern(["train", "digits-conv", "--load", path, "--epochs", "1"])
      #expect(resumed.status == 0, "\(resumed)")
    }
  }

  @Test func withoutATerminalThereIsNoProgressBar() throws {
    let result = try quern(["train", "digits-conv", "--epochs", "1"])
    #expect(!result.output.contains("\r") && !result.output.contains("\u{1b}"))
    #expect(result.output.split(separator: "\n").filter { $0.hasPrefix("epoch") }.count == 1)
  }

  @Test func predictingAsJSON() throws {
    struct Prediction: Decodable {
      var count: Int
      var accuracy: Double
      var confusion: [[Int]]
    }
    try withTemporaryFolder { folder in
      let path = folder + "/w"
      #expect(try quern(["train", "digits-conv", "--epochs", "3", "--save", path]).status == 0)
      let result = try quern(["predict", "digits-conv", "--weights", path, "--json"])
      let prediction = try JSONDecoder().decode(Prediction.self, from: Data(result.output.utf8))
      #expect(prediction.count == 360)
      #expect(prediction.confusion.joined().reduce(0, +) == 360)
      #expect(prediction.accuracy > 0.8)
    }
  }

  @Test func checkingASmallModel() throws {
    let result = try quern(["check", "digits-conv", "--batch", "2", "--samples", "1"])
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("within their tolerances"))
  }

  @Test func benchmarking() throws {
    struct Report: Decodable {
      struct Line: Decodable {
        var variant: String
        var milliseconds: Double
      }
      var results: [Line]
    }
    let result = try quern([
      "bench", "digits-conv", "--batch", "4", "--seconds", "0.2", "--step", "infer", "--json",
    ])
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.results.contains { $0.variant == "interpreter" })
    #expect(report.results.allSatisfy { $0.milliseconds > 0 })
  }
}
