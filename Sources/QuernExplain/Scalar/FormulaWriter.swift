import QuernGraph

/// Writes nodes of a graph of scalars as formulas: infix, with no more parentheses than needed.
///
/// In a formula a node that has a name is written by it. Any other node is written out wherever it
/// is read; so name those that are read often and would make formulas long.
public struct FormulaWriter {
  /// How a node that has a name is written where a formula is about that node.
  public enum Form: Hashable, Sendable {
    /// By its name: `h₁`.
    case name
    /// By what it is computed from: `σ(v₁₁ · z₁)`. Inputs are computed from nothing and stay names.
    case definition
  }

  public var graph: Graph
  /// What nodes are called, such as `h₁`. An input that is not among them has its own name.
  public var names: [NodeID: String]

  public init(_ graph: Graph, names: [NodeID: String]) {
    self.graph = graph
    self.names = names
  }

  /// How tightly the outermost sign of a formula binds.
  public enum Binding: Int, Comparable, Sendable {
    case sum, product, atom
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// The formula of a node.
  public func formula(of id: NodeID, as form: Form = .name) -> String { write(id, form).text }

  /// The formula as a factor of a product: in parentheses where it is a sum.
  public func factor(_ id: NodeID) -> String { operand(id, .product) }

  private func operand(_ id: NodeID, _ least: Binding) -> String {
    let (text, binding) = write(id, .name)
    return binding < least ? "(\(text))" : text
  }

  private func write(_ id: NodeID, _ form: Form) -> (text: String, binding: Binding) {
    let node = graph[id]
    if form == .name || node.operands.isEmpty, let name = names[id] { return (name, .atom) }
    switch node.op {
    case .input(let input): return (input.name, .atom)
    case .constant(let value): return Self.constant(value)
    case .reshape: return write(node.operands[0], .name)
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
    // Iverson's brackets: 1 where the comparison holds, 0 elsewhere.
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

  /// An operand after a plus sign: in parentheses where it begins with a minus sign.
  private func term(_ id: NodeID) -> String {
    let text = operand(id, .sum)
    return text.hasPrefix("−") ? "(\(text))" : text
  }

  private func isConstant(_ id: NodeID, _ value: Double? = nil) -> Bool {
    guard case .constant(let constant) = graph[id].op else { return false }
    return value == nil || value == constant
  }
}
