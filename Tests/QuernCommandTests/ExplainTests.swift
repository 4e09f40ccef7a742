import QuernTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `quern explain …`: the lecture's numbers as a person gets them.
@Suite struct ExplainTests {
  private func output(_ arguments: [String]) throws -> String {
    let result = try quern(["explain"] + arguments)
    #expect(result.status == 0, "\(result)")
    return result.output
  }

  private func decoded<Value: Decodable>(_ arguments: [String]) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(output(arguments + ["--json"]).utf8))
  }

  private func expectFailure(_ arguments: [String], _ parts: [String]) throws {
    let result = try quern(["explain"] + arguments)
    #expect(result.status == 1 && result.output.isEmpty, "\(result)")
    #expect(result.errorLines.count == 1 && result.errors.hasPrefix("quern: "), "\(result)")
    for part in parts { #expect(result.errors.contains(part), "\(result)") }
  }

  @Test(arguments: ["backprop", "cost", "convolution", "parameters", "receptive-field"])
  func help(_ name: String) throws {
    #expect(try quern(["explain", "--help"]).output.contains("  \(name) "))
    let help = try output([name, "--help"])
    #expect(
      help.contains("USAGE: quern explain \(name)") && help.contains("  quern explain \(name)"))
  }

  @Test func backprop() throws {
    let text = try output(["backprop"])
    for line in [
      "z₁ = σ(w₁₁ · x₁ + w₂₁ · x₂) = ",
      "∂a/∂w₁₁ = ∂a/∂h₁ · ∂h₁/∂z₁ · ∂z₁/∂w₁₁ + ∂a/∂h₂ · ∂h₂/∂z₁ · ∂z₁/∂w₁₁\n",
      "∂a/∂v₁₁ = ∂a/∂h₁ · ∂h₁/∂v₁₁\n", "∂a/∂p₁₁\n  = h₁ = ", "3: ∂a/∂h₁ = p₁₁\n",
      "2: ∂a/∂z₁ = ∂a/∂h₁ · ∂h₁/∂z₁ + ∂a/∂h₂ · ∂h₂/∂z₁\n",
      "= ∂a/∂z₁ · ∂z₁/∂x₁ + ∂a/∂z₂ · ∂z₂/∂x₁\n",
    ] {
      #expect(text.contains(line), "\(line)")
    }
    let linear = try output(["backprop", "--by", "w11", "--activation", "linear"])
    #expect(linear.contains("w₂₂     no") && linear.contains("v₁₂     yes  it is on a path"))
    #expect(!linear.contains("v₁₁ = ∂a"))
  }

  @Test func backpropAtAPoint() throws {
    struct Report: Decodable {
      struct Derivative: Decodable {
        struct Term: Decodable { var value: Double }
        var value: Double
        var terms: [Term]
      }
      var derivatives: [Derivative]
    }
    // p₁₁v₁₁x₁ + p₂₁v₁₂x₁ = 2·3·7 + 5·(−1)·7.
    let report: Report = try decoded([
      "backprop", "--by", "w₁₁", "--activation", "linear", "--at",
      "x1=7,v11=3,p11=2,v_12=-1,p21=5",
    ])
    #expect(report.derivatives.map(\.value) == [7])
    #expect(report.derivatives[0].terms.map(\.value) == [42, -35])
  }

  @Test func backpropWithBadInput() throws {
    try expectFailure(["backprop", "--by", "w33"], ["w33", "w11", "p21"])
    try expectFailure(["backprop", "--at", "w11"], ["--at", "w11"])
    try expectFailure(["backprop", "--at", "w11=x"], ["w11=x"])
    try expectFailure(["backprop", "--at", "z1=2"], ["z1", "x1, x2, w11"])
    try expectFailure(["backprop", "--svg", "/no/such/folder/a.svg"], ["/no/such/folder/a.svg"])
    #expect(try quern(["explain", "backprop", "--activation", "no"]).status != 0)
  }

  @Test func cost() throws {
    struct Row: Decodable {
      var depth: Int
      var pathsOfOneWeight: Double
      var backpropOperations: Int
    }
    let rows: [Row] = try decoded(["cost", "--depth", "6", "--width", "3"])
    #expect(rows.map(\.depth) == [1, 2, 3, 4, 5, 6])
    #expect(rows.map(\.pathsOfOneWeight) == [1, 3, 9, 27, 81, 243])
    let steps = zip(rows.dropFirst(), rows.dropFirst(2)).map {
      $1.backpropOperations - $0.backpropOperations
    }
    #expect(Set(steps).count == 1)
    #expect(try output(["cost"]).contains("262,144"))
    try expectFailure(["cost", "--depth", "0"], ["depth 0"])
    try expectFailure(["cost", "--width=-3"], ["width -3"])
    try expectFailure(["cost", "--depth", "1000000", "--width", "1000"], ["weights"])
  }

  @Test func convolution() throws {
    struct Example: Decodable { var value: Double }
    let examples: [Example] = try decoded(["convolution"])
    #expect(examples.map(\.value) == [2, 1, 0, 6, 10])
    let text = try output(["convolution"])
    #expect(text.contains("= 10    5·1 + 0·0 + 0·0 + 5·1"))
    #expect(text.contains("Im_in[n, y + i − 1, x + j − 1, c] · K[i, j, c, t]"))
    #expect(text.contains("for (long y") && text.contains("for (long i"))
    // Where a fast convolution would do, the C is still that of the formula.
    let wide = try output(["convolution", "--channels", "32", "--filters", "64", "--size", "56"])
    #expect(wide.contains("convolution_contraction_tile") && !wide.contains("tileTransform"))
    let own: [Example] = try decoded([
      "convolution", "--picture", "5,1/0,4", "--filter", "0,1/1,0",
    ])
    #expect(own.map(\.value) == [1])
    try expectFailure(["convolution", "--picture", "1,2/3"], ["picture"])
    try expectFailure(["convolution", "--picture", "1,2"], ["1×2", "2×2"])
    try expectFailure(["convolution", "--filter", "1,a/0,1"], ["--filter", "a"])
    try expectFailure(["convolution", "--radius=-1"], ["-1"])
    try expectFailure(["convolution", "--channels", "0"], ["0"])
  }

  @Test func parameters() throws {
    let text = try output(["parameters"])
    #expect(text.contains("785,000  = (784 + 1) · 1000"))
    #expect(text.contains("10,010  = (1000 + 1) · 10"))
    #expect(text.contains("795,010") && text.contains("The slide leaves out the square"))
    #expect(try output(["parameters", "vgg"]).contains("201,392,128"))
    try expectFailure(["parameters", "nosuch"], ["nosuch", "lenet"])
    try expectFailure(["parameters", "--filters", "0"], ["0 filters"])
    let summary = try quern(["summary", "fc"]).output
    #expect(summary.contains("dense1.weight  weight  784×1000   784,000"))
    #expect(summary.contains("dense2.bias    bias    10              10"))
  }

  @Test func receptiveField() throws {
    let depth = try output(["receptive-field"])
    for part in ["3 → 5 → 7", "5 → 9 → 13", "256 layers", "128 layers", "512×512"] {
      #expect(depth.contains(part), "\(part)")
    }
    let resnet = try output(["receptive-field", "resnet8"])
    #expect(resnet.contains("sees: 25×25 of 28×28") && resnet.contains("the same"))
    #expect(!resnet.contains("warning"))
    let stack = try output(["receptive-field", "--stack", "3*conv3", "--at", "0,0"])
    #expect(stack.contains("rows 0 … 3, columns 0 … 3") && stack.contains("warning: conv3"))

    struct Report: Decodable {
      struct Field: Decodable { var measuredRows: [Int] }
      var agrees: Bool
      var field: Field
    }
    let report: Report = try decoded(["receptive-field", "lenet", "--layer", "conv2"])
    #expect(report.agrees && report.field.measuredRows.count == 14)
  }

  @Test func receptiveFieldWithBadInput() throws {
    let command = ["receptive-field"]
    try expectFailure(command + ["fc"], ["784 features"])
    try expectFailure(command + ["nosuch"], ["nosuch"])
    try expectFailure(command + ["lenet", "--layer", "conv7"], ["conv7", "conv2"])
    try expectFailure(command + ["lenet", "--at", "99,0"], ["99", "below"])
    try expectFailure(command + ["lenet", "--at", "1"], ["--at"])
    try expectFailure(command + ["lenet", "--size", "64"], ["--size"])
    try expectFailure(command + ["--size", "0"], ["--size"])
    try expectFailure(command + ["--stack", "conv3", "--size", "2000"], ["--size", "1024"])
    try expectFailure(command + ["--stack", "conv3,dense5"], ["dense5"])
    try expectFailure(command + ["lenet", "--stack", "conv3"], ["--stack"])
    try expectFailure(command + ["--layer", "conv1"], ["--stack"])
  }

  @Test func drawings() throws {
    try withTemporaryFolder { folder in
      for (name, arguments) in [
        ("network", ["backprop", "--by", "w11"]), ("cost", ["cost", "--depth", "5"]),
        ("field", ["receptive-field", "lenet"]),
      ] {
        let path = "\(folder)/\(name).svg"
        _ = try output(arguments + ["--svg", path])
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text.hasPrefix("<?xml") && text.hasSuffix("</svg>\n"), "\(name)")
        if name == "network" { #expect(text.contains("w₁₁") && text.contains("p₂₁")) }
        if name == "cost" { #expect(text.contains("backpropagation")) }
      }
    }
  }
}
