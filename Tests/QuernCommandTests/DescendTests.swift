import QuernTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct DescendTests {
  private struct Summary: Decodable {
    struct Step: Decodable {
      var number: Int
      var parameters: [Double]
      var value: Double
      var change: Double?
      var gradientNorm: Double
      var validation: Double?
    }
    var outcome: String
    var stop: String
    var epsilon: Double
    var patience: Int?
    var kept: Step
    var steps: [Step]
  }

  private func descend(_ arguments: [String]) throws -> (CommandResult, Summary) {
    let result = try quern(["descend"] + arguments + ["--json"])
    return (result, try JSONDecoder().decode(Summary.self, from: Data(result.output.utf8)))
  }

  @Test(arguments: ["bowl", "rosenbrock", "mean-loss"], ["tinycc", "interpreter"])
  func everyFunctionDescends(_ function: String, backend: String) throws {
    let (result, summary) = try descend([function, "--backend", backend, "--max-steps", "200"])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(summary.stop == "parameters" && summary.epsilon == 1e-4)
    let last = try #require(summary.steps.last)
    #expect(last.value < summary.steps[0].value / 2)
    #expect(summary.steps.map(\.number) == Array(0..<summary.steps.count))
  }

  @Test func theTableIsElided() throws {
    let result = try quern(["descend", "bowl", "--stop", "gradient", "--epsilon", "1e-3"])
    #expect(result.status == 0, "\(result)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count < 30 && result.output.contains("⋮"))
    #expect(lines[0] == "Q(w) = ½((w₁ − 1)² + 10·(w₂ + 0.5)²)")
    for text in ["‖Δw‖", "‖∇Q‖", "stopped after", "‖∇Q(wᵗ)‖ =", "< 0.001", "minimum at"] {
      #expect(result.output.contains(text), "\(text)")
    }
  }

  @Test func validationKeepsTheBest() throws {
    let (result, summary) = try descend([
      "mean-loss", "--loss", "logistic", "--stop", "validation", "--patience", "7",
    ])
    #expect(result.status == 0 && summary.outcome == "stopped" && summary.patience == 7)
    #expect(summary.kept.number == summary.steps.count - 1 - 7)
    #expect(summary.kept.validation == summary.steps.compactMap(\.validation).min())
  }

  @Test func divergenceIsAFailure() throws {
    for (arguments, text) in [
      (["bowl", "--learning-rate", "0.3"], "smaller --learning-rate"),
      (["bowl", "--step-rule", "ascent"], "not gradient descent"),
      (["rosenbrock", "--learning-rate", "1"], "no finite number"),
      (["bowl", "--step-rule", "quiz-4", "--max-steps", "50"], "above the"),
    ] {
      let result = try quern(["descend"] + arguments)
      #expect(result.status == 1 && result.errorLines.count == 1, "\(result)")
      #expect(result.errors.contains("diverged") && result.errors.contains(text), "\(result)")
      // The path is shown all the same.
      #expect(result.output.contains("step"))
    }
    let (result, summary) = try descend(["bowl", "--learning-rate", "0.3"])
    #expect(result.status == 1 && summary.outcome == "diverged")
  }

  @Test func aStallIsTold() throws {
    let result = try quern([
      "descend", "bowl", "--step-rule", "quiz-2", "--start=-0.5,0.25", "--learning-rate", "0.1",
    ])
    #expect(result.status == 0 && result.output.contains("stalled"), "\(result)")
  }

  @Test func thePathIsDrawn() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/path.svg"
      let result = try quern(["descend", "rosenbrock", "--max-steps", "300", "--svg", path])
      #expect(result.status == 0 && result.output.contains(path), "\(result)")
      let svg = try String(contentsOfFile: path, encoding: .utf8)
      #expect(svg.hasPrefix("<?xml") && svg.contains("step 300") && svg.contains("minimum"))
      // A path that leaves the picture is drawn as far as it is seen.
      let away = try quern(["descend", "bowl", "--learning-rate", "0.4", "--svg", path])
      #expect(away.status == 1)
      let second = try String(contentsOfFile: path, encoding: .utf8)
      #expect(second != svg && !second.contains("nan"))
    }
  }

  @Test(arguments: [
    (["nosuch"], ["nosuch", "bowl, rosenbrock or mean-loss"]),
    (["bowl", "--start", "1"], ["start", "w₁, w₂"]),
    (["bowl", "--start", "1,2,3"], ["start", "3 numbers"]),
    (["bowl", "--start", "1,x"], ["--start", "1,x"]),
    (["bowl", "--learning-rate", "0"], ["learning rate: 0"]),
    (["bowl", "--learning-rate=-1"], ["learning rate: -1"]),
    (["bowl", "--epsilon=-1e-3"], ["epsilon: -0.001"]),
    (["bowl", "--stop", "none"], ["--stop"]),
    (["bowl", "--stop", "gradient", "--epsilon", "0"], ["epsilon: 0"]),
    (["bowl", "--stop", "validation"], ["validation", "mean-loss"]),
    (["mean-loss", "--stop", "validation", "--patience", "0"], ["patience: 0"]),
    (["bowl", "--patience", "3"], ["--patience", "--stop validation"]),
    (["bowl", "--max-steps", "0"], ["steps: 0"]),
    (["bowl", "--condition", "0"], ["condition: 0"]),
    (["rosenbrock", "--condition", "2"], ["--condition", "bowl"]),
    (["bowl", "--loss", "squares"], ["--loss", "mean-loss"]),
    (["bowl", "--svg", "/no/such/folder/x.svg"], ["/no/such/folder/x.svg"]),
    (["bowl", "--threads", "0"], ["threads"]),
  ])
  func badInput(_ arguments: [String], _ parts: [String]) throws {
    let result = try quern(["descend"] + arguments)
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errorLines.count == 1 && result.errors.hasPrefix("quern: "), "\(result)")
    for part in parts { #expect(result.errors.contains(part), "\(result)") }
  }

  // MARK: The same rules in training

  @Test func trainingStopsByItself() throws {
    let train = ["train", "digits-conv", "--batch", "64", "--threads", "1"]
    try withTemporaryFolder { folder in
      let path = folder + "/w"
      let validation = try quern(
        train + [
          "--validation", "0.1", "--stop", "validation", "--patience", "1", "--epochs", "30",
          "--save", path,
        ])
      #expect(validation.status == 0, "\(validation)")
      #expect(validation.output.contains("the error has not fallen for 1 epoch; the weights of"))
      // It has stopped already; with more patience it goes on.
      let again = try quern(["train", "digits-conv", "--load", path, "--epochs", "30"])
      #expect(again.status == 0 && again.output.contains("stopped after epoch"), "\(again)")
      #expect(!again.output.contains("\nepoch"))
      let freed = try quern(
        ["train", "digits-conv", "--load", path, "--epochs", "30", "--stop", "none"])
      #expect(freed.status == 0 && freed.output.contains("\nepoch 30/30"), "\(freed)")
      let parameters = try quern(train + ["--stop", "parameters", "--epsilon", "1e9"])
      #expect(parameters.status == 0 && parameters.output.contains("stopped after epoch 1:"))
      #expect(parameters.output.contains("‖Δw‖"))
      let gradient = try quern(train + ["--stop", "gradient", "--epsilon", "1e9"])
      #expect(gradient.status == 0 && gradient.output.contains("stopped after epoch 1:"))
    }
  }

  @Test(arguments: [
    (["--stop", "gradient"], ["--epsilon"]), (["--patience", "3"], ["--stop"]),
    (["--stop", "validation", "--patience", "0"], ["patience: 0"]),
    (["--stop", "parameters", "--epsilon=-1"], ["epsilon: -1"]),
    (["--stop", "parameters", "--epsilon", "-1"], ["epsilon: -1"]),
    (["--stop", "none", "--patience", "3"], ["--patience"]),
    (["--stop", "parameters", "--epsilon", "1", "--patience", "3"], ["--patience"]),
  ])
  func badRulesInTraining(_ arguments: [String], _ parts: [String]) throws {
    let result = try quern(["train", "digits-conv"] + arguments)
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    for part in parts { #expect(result.errors.contains(part), "\(result)") }
  }
}
