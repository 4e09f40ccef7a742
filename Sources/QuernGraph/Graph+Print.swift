// The graph as text, and as a drawing for Graphviz.

extension Node {
  /// The op as a formula over names for its operands.
  public func formula(_ operands: [String]) -> String {
    switch op {
    case .input(let input): return "input \(input.name) (\(input.role.rawValue))"
    case .constant(let value): return "\(value)"
    case .iota(let dimension):
      return dimension.map { "iota along dimension \($0)" } ?? "iota"
    case .elementwise(let op): return op.formula(operands)
    case .contraction(let contraction):
      let names = contraction.axes.map(\.name)
      let product = zip(contraction.factors, operands).map { factor, operand in
        let index = factor.map.map { $0.formula(names) }.joined(separator: ", ")
        let read = "\(operand)[\(index)]"
        return factor.match.map { "[\(read) = \($0.formula(names))]" } ?? read
      }
      return Self.sum(over: contraction.reductionAxes) + product.joined(separator: " · ")
    case .maximum(let window), .maximumPosition(let window):
      let names = window.axes.map(\.name)
      let index = window.map.map { $0.formula(names) }.joined(separator: ", ")
      let over = window.axes[window.outputRank...].map { "\($0.name)<\($0.extent)" }
      let kind = op.name == "maximum" ? "max" : "argmax"
      return "\(kind){\(over.joined(separator: ", "))} \(operands[0])[\(index)]"
    case .reshape: return "reshape \(operands[0])"
    case .tileTransform(let transform):
      let read = transform.input.map { $0.formula(transform.inputAxes.map(\.name)) }
      let tile = "\(operands[0])[\(read.joined(separator: ", "))]"
      let product =
        switch transform.mixing {
        case .none: "M·\(tile)·Mᵀ"
        case .after(let mixing): "pairs of M·\(tile)·Mᵀ mixed to \(mixing.count) values"
        case .before(let mixing): "M·(\(mixing.count) values of pairs \(tile), taken apart)·Mᵀ"
        }
      return product + ", M = "
        + (transform.matrixName.isEmpty ? transform.matrixText : transform.matrixName)
    case .concatenate(let dimension):
      return "concatenate(\(operands.joined(separator: ", "))) along dimension \(dimension)"
    }
  }

  private static func sum(over axes: ArraySlice<Axis>) -> String {
    axes.isEmpty
      ? "" : "Σ{" + axes.map { "\($0.name)<\($0.extent)" }.joined(separator: ", ") + "} "
  }
}

extension TileTransform {
  /// The matrix by rows: `(1 0; 0.5 -1)`.
  var matrixText: String {
    let rows = matrix.map { row in
      row.map { $0 == $0.rounded() ? "\(Int($0))" : "\($0)" }.joined(separator: " ")
    }
    return "(\(rows.joined(separator: "; ")))"
  }
}

extension Graph: CustomStringConvertible {
  /// One node a line: number, type, formula, layers. Then outputs, updates, and matrices that have a name.
  public var description: String {
    var lines: [String] = []
    for id in ids {
      let node = self[id]
      let text = "\(id): \(node.type) = " + node.formula(node.operands.map(\.description))
      lines.append(node.origins.layers.isEmpty ? text : text + "    // \(node.origins)")
    }
    for output in outputs { lines.append("output \(output.name) = \(output.node)") }
    for update in updates {
      guard case .input(let input) = self[update.input].op else { continue }
      lines.append("update \(input.name) = \(update.value)")
    }
    var named: Set<String> = []
    for node in nodes {
      guard case .tileTransform(let transform) = node.op, !transform.matrixName.isEmpty,
        named.insert(transform.matrixName).inserted
      else { continue }
      lines.append("\(transform.matrixName) = \(transform.matrixText)")
    }
    return lines.joined(separator: "\n")
  }

  /// The graph in Graphviz's language.
  public var dot: String {
    func quoted(_ text: String) -> String {
      "\""
        + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        .replacing("\n", with: "\\n") + "\""
    }
    var lines = ["digraph quern {", "  rankdir=TB;", "  node [shape=box, fontname=\"monospace\"];"]
    for id in ids {
      let node = self[id]
      if case .constant = node.op { continue }
      let title =
        node.origins.layers.isEmpty ? node.op.name : "\(node.origins)\n\(node.op.name)"
      var style = ""
      if case .input(let input) = node.op {
        style = ", style=filled, fillcolor=\(input.role == .parameter ? "khaki" : "lightblue")"
        lines.append("  n\(id.index) [label=\(quoted("\(input.name)\n\(node.type)"))\(style)];")
      } else {
        lines.append("  n\(id.index) [label=\(quoted("\(title)\n\(node.type)"))];")
      }
      for operand in node.operands {
        if case .constant = self[operand].op { continue }
        lines.append("  n\(operand.index) -> n\(id.index);")
      }
    }
    for (number, output) in outputs.enumerated() {
      lines.append("  out\(number) [label=\(quoted(output.name)), shape=oval];")
      lines.append("  n\(output.node.index) -> out\(number);")
    }
    lines.append("}")
    return lines.joined(separator: "\n")
  }
}

extension ElementwiseOp {
  /// The op on operands of these names, as people write it.
  public func formula(_ operands: [String]) -> String {
    switch self {
    case .add, .subtract, .multiply, .divide, .less, .lessOrEqual, .equal:
      "\(operands[0]) \(symbol) \(operands[1])"
    case .select: "\(operands[0]) ? \(operands[1]) : \(operands[2])"
    default: "\(symbol)(\(operands.joined(separator: ", ")))"
    }
  }
}
