import QuernGraph

/// Writes nodes of a graph of scalars as formulas: infix, with no more parentheses than needed.
///
/// Nodes that have names are written by them, so a formula ends at them. A node that is read in two
/// places is written out in both; give those a name that would make a formula long.
public struct FormulaWriter {
  public var graph: Graph
  /// What nodes are called, such as `h₁`; inputs are called by their own names where there is none.
  public var names: [NodeID: String]

  public init(_ graph: Graph, names: [NodeID: String]) {
    self.graph = graph
    self.names = names
  }

  /// How tightly a formula's outermost sign binds.
  public enum Binding: Int, Comparable, Sendable {
    case sum, product, atom
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// The formula of a node. A node that has a name gives that name unless `expanded`, which writes
  /// out what it is computed from; inputs stay names.
  public func formula(of id: NodeID, expanded: Bool = false) -> String {
    write(id, expanded: expanded).text
  }

  /// The formula as a factor of a product: in parentheses where it is a sum.
  public func factor(_ id: NodeID) -> String { operand(id, .product) }

  private func operand(_ id: NodeID, _ least: Binding) -> String {
    let (text, binding) = write(id, expanded: false)
    return binding < least ? "(\(text))" : text
  }

  private func write(_ id: NodeID, expanded: Bool) -> (text: String, binding: Binding) {
    let node = graph[id]
    if !expanded || node.operands.isEmpty, let name = names[id] { return (name, .atom) }
    switch node.op {
    case .input(let input): return (input.name, .atom)
    case .constant(let value): return Self.constant(value)
    case .reshape: return write(node.operands[0], expanded: false)
    case .elementwise(let op): return write(op, node)
    default: return (node.formula(node.operands.map { formula(of: $0) }), .sum)
    }
  }

  private static func constant(_ value: Double) -> (text: String, binding: Binding) {
    let magnitude = abs(value)
    let text = Int(exactly: magnitude).map(String.init) ?? "\(Float(magnitude))"
    return value < 0 ? ("−" + text, .sum) : (text, .atom)
  }

  private func write(_ op: ElementwiseOp, _ node: Node) -> (text: String, binding: Binding) {
    let x = node.operands
    switch op {
    case .add: return ("\(operand(x[0], .sum)) + \(term(x[1]))", .sum)
    case .subtract: return ("\(operand(x[0], .sum)) − \(operand(x[1], .product))", .sum)
    case .multiply where x[0] == x[1] && names[x[0]] != nil:
      return (operand(x[0], .atom) + "²", .atom)
    case .multiply where isConstant(x[1]):
      return ("\(operand(x[1], .product)) · \(operand(x[0], .product))", .product)
    case .multiply: return ("\(operand(x[0], .product)) · \(operand(x[1], .product))", .product)
    case .divide: return ("\(operand(x[0], .product)) / \(operand(x[1], .atom))", .product)
    case .negate: return ("−\(operand(x[0], .product))", .sum)
    case .sigmoid: return ("σ(\(formula(of: x[0])))", .atom)
    // Iverson's brackets: 1 where it holds, 0 elsewhere.
    case .less: return ("[\(formula(of: x[0])) < \(formula(of: x[1]))]", .atom)
    case .lessOrEqual: return ("[\(formula(of: x[0])) ≤ \(formula(of: x[1]))]", .atom)
    case .equal: return ("[\(formula(of: x[0])) = \(formula(of: x[1]))]", .atom)
    case .select where isConstant(x[2], 0):
      let condition = formula(of: x[0])
      return isConstant(x[1], 1)
        ? (condition, .atom) : ("\(operand(x[1], .product)) · \(condition)", .product)
    case .select:
      let parts = x.map { formula(of: $0) }
      return ("(\(parts[0]) ? \(parts[1]) : \(parts[2]))", .atom)
    default:
      return ("\(op.symbol)(\(x.map { formula(of: $0) }.joined(separator: ", ")))", .atom)
    }
  }

  /// What follows a plus: in parentheses where it begins with a minus.
  private func term(_ id: NodeID) -> String {
    let text = operand(id, .sum)
    return text.hasPrefix("−") ? "(\(text))" : text
  }

  private func isConstant(_ id: NodeID, _ value: Double? = nil) -> Bool {
    guard case .constant(let constant) = graph[id].op else { return false }
    return value == nil || value == constant
  }
}
