extension NetworkSummary: CustomStringConvertible {
  /// A table: layer, kind, output shape, parameters, multiply-adds, receptive field; then totals.
  public var description: String {
    let header = ["layer", "kind", "output", "parameters", "multiply-adds", "receptive field"]
    var cells = [header, ["input", "", Self.product(inputShape), "", "", ""]]
    for layer in layers {
      cells.append([
        layer.name, layer.kind, Self.product(layer.outputShape), Self.count(layer.parameters),
        Self.count(layer.multiplyAdds),
        layer.receptiveField.map { Self.product($0.map(\.size)) } ?? "",
      ])
    }
    cells.append([
      "total", "", "", Self.grouped(parameters), Self.grouped(multiplyAdds), "",
    ])
    let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    func line(_ row: [String]) -> String {
      let padded = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return (3...4).contains(column) ? space + cell : cell + space
      }
      return Self.trimmed(padded.joined(separator: "  "))
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    var lines = [name, line(header), rule]
    lines += cells[1..<cells.count - 1].map(line)
    lines += [rule, line(cells[cells.count - 1])]
    if let arenaBytes { lines.append("arena  \(Self.grouped(arenaBytes)) bytes") }
    return lines.joined(separator: "\n")
  }

  private static func product(_ extents: [Int]) -> String {
    extents.map(String.init).joined(separator: "×")
  }

  /// Nothing for layers that have none.
  private static func count(_ number: Int) -> String { number == 0 ? "" : grouped(number) }

  /// `1,347,510`.
  private static func grouped(_ number: Int) -> String {
    var text = ""
    for (place, digit) in String(number).reversed().enumerated() {
      if place > 0, place % 3 == 0, digit != "-" { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }

  private static func trimmed(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }
}
