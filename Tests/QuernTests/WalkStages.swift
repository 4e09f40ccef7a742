import Quern
import QuernCodegen
import QuernMachine

/// What the pages of the documentation show of each stage, made by the stage itself.
///
/// A page asks with a comment before a fenced block:
///
/// | comment | block |
/// |---|---|
/// | `<!-- stage: graph conv2 -->` | nodes of the forward pass that this layer names |
/// | `<!-- stage: gradient gradient of conv2 -->` | nodes of the backward pass that this layer names |
/// | `<!-- stage: size -->` | nodes before and after `simplify`, and kernels |
/// | `<!-- stage: kernels conv2_contraction … -->` | kernels by name |
/// | `<!-- stage: plan -->` | the arena |
/// | `<!-- stage: c NAME -->` | a function of the generated C |
/// | `<!-- stage: c NAME / TEXT / N -->` | N lines of it, from the first that begins with TEXT |
/// | `<!-- stage: losses -->` | five steps of training |
///
/// The network is ``walk``; nothing depends on the processor this runs on.
struct WalkStages {
  static let batch = 32
  private let gradientStep: GradientStep
  private let program: String
  private let plan: String
  private let code: [Substring]
  private let size: String

  init() throws {
    gradientStep = try GradientStep(walk, batchSize: Self.batch)
    let graph = try TrainingStep(walk, optimizer: SGD(), batchSize: Self.batch).graph
    // A typical machine's, wherever the page is compared.
    var options = CompileOptions(target: .avx512, threads: 1)
    options.machine = MachineFacts(.avx512)
    let (program, code) = try CompiledGraph.plan(graph, options)
    self.program = program.description
    plan = program.planDescription
    self.code = code.source.split(separator: "\n", omittingEmptySubsequences: false)
    size =
      "\(graph.nodes.count) nodes; simplified \(program.graph.nodes.count) nodes, "
      + "\(program.kernels.count) kernels"
  }

  struct Unknown: Error { var request: String }

  func text(_ request: String) throws -> String {
    let words = request.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = words.count > 1 ? words[1] : ""
    switch words.first {
    case "graph": return try nodes(gradientStep.forward, rest)
    case "gradient": return try nodes(gradientStep.graph, rest)
    case "size": return size
    case "kernels": return try kernels(rest.split(separator: " "))
    case "plan": return plan
    case "c": return try function(rest)
    case "losses":
      return try walkSteps(.portable).map { String(($0 * 1000).rounded() / 1000) }
        .joined(separator: ", ")
    default: throw Unknown(request: request)
    }
  }

  /// Lines of nodes that are named by a layer, whatever others they have; all lines where none is asked
  /// for.
  private func nodes(_ graph: Graph, _ label: String) throws -> String {
    if label.isEmpty { return graph.description }
    let lines = graph.description.split(separator: "\n").filter {
      $0.hasSuffix("// \(label)") || $0.contains("// \(label), ")
    }
    guard !lines.isEmpty else { throw Unknown(request: label) }
    return lines.joined(separator: "\n")
  }

  private func kernels(_ names: [Substring]) throws -> String {
    let lines = program.split(separator: "\n", omittingEmptySubsequences: false)
    return try names.map { name in
      guard let start = lines.firstIndex(where: { $0.hasPrefix("\(name)  //") }) else {
        throw Unknown(request: String(name))
      }
      return lines[start...].prefix { !$0.isEmpty }.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  private func function(_ request: String) throws -> String {
    let parts = request.split(separator: "/").map { String($0).withoutBlanks }
    let name = parts[0]
    guard
      let head = code.firstIndex(where: {
        !$0.hasPrefix(" ") && $0.contains("void \(name)") && !$0.hasSuffix(";")
      }), let end = code[head...].firstIndex(of: "}")
    else { throw Unknown(request: request) }
    guard parts.count == 3, let count = Int(parts[2]) else {
      var start = head
      while start > 0, code[start - 1].hasPrefix("//") { start -= 1 }
      return code[start...end].joined(separator: "\n")
    }
    guard
      let start = code[head...end].firstIndex(where: {
        String($0).withoutBlanks.hasPrefix(parts[1])
      })
    else { throw Unknown(request: request) }
    return code[start...end].prefix(count).joined(separator: "\n")
  }
}

extension String {
  fileprivate var withoutBlanks: String {
    var result = self[...]
    while result.first == " " { result.removeFirst() }
    while result.last == " " { result.removeLast() }
    return String(result)
  }
}
