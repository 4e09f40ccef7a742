import QuernGraph
import QuernPasses

/// What a pass changed: lines of a form that are gone, and those that are new.
public struct FormChanges: Sendable, CustomStringConvertible {
  /// `− …` for what is gone, `+ …` for what is new, in the form's order.
  public let lines: [String]

  public var isEmpty: Bool { lines.isEmpty }

  /// Compares the texts of two forms line by line. Nodes of graphs are compared without their numbers, since
  /// a pass numbers all nodes anew.
  public init(from before: any CompilerForm, to after: any CompilerForm) {
    let (old, new) = (Self.lines(of: before), Self.lines(of: after))
    let difference = new.map(\.key).difference(from: old.map(\.key))
    // In the order of the text: what has gone stands where it was, before what came for it.
    var removed = [Bool](repeating: false, count: old.count)
    var inserted = [Bool](repeating: false, count: new.count)
    for change in difference {
      switch change {
      case .remove(let offset, _, _): removed[offset] = true
      case .insert(let offset, _, _): inserted[offset] = true
      }
    }
    var lines: [String] = []
    var (from, to) = (0, 0)
    while from < old.count || to < new.count {
      if from < old.count, removed[from] {
        lines.append("− " + old[from].text)
        from += 1
      } else if to < new.count, inserted[to] {
        lines.append("+ " + new[to].text)
        to += 1
      } else {
        (from, to) = (from + 1, to + 1)
      }
    }
    self.lines = lines
  }

  public var description: String { isEmpty ? "unchanged" : lines.joined(separator: "\n") }

  private struct Line {
    /// What is compared.
    var key: String
    var text: String
  }

  private static func lines(of form: any CompilerForm) -> [Line] {
    switch form {
    case let graph as Graph: lines(of: graph)
    case let views as ViewedGraph:
      lines(of: views.graph) + views.copiesDescription.map { Line(key: $0, text: $0) }
    default:
      form.description.split(separator: "\n", omittingEmptySubsequences: false)
        .map { Line(key: String($0), text: String($0)) }
    }
  }

  /// The nodes with what their operands are in the place of numbers.
  private static func lines(of graph: Graph) -> [Line] {
    let names = graph.nodes.map { node in
      if case .input(let input) = node.op { return input.name }
      return node.label.isEmpty ? node.op.name : "\(node.label)'s \(node.op.name)"
    }
    let texts = graph.description.split(separator: "\n", omittingEmptySubsequences: false)
    let nodes = graph.ids.map { id in
      let node = graph[id]
      let formula = node.formula(node.operands.map { "⟨\(names[$0.index])⟩" })
      return Line(
        key: "\(node.type) = \(formula) // \(node.label)", text: String(texts[id.index]))
    }
    let outputs = graph.outputs.map { output in
      let text = "output \(output.name) = \(output.node)"
      return Line(key: "output \(output.name) = ⟨\(names[output.node.index])⟩", text: text)
    }
    return nodes + outputs
  }
}
