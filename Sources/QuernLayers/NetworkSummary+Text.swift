extension NetworkSummary: CustomStringConvertible {
  /// A table: layer, kind, output shape, parameters, multiply-adds, receptive field, and totals; then
  /// one of the trained tensors, and warnings.
  public var description: String {
    var layerCells = [["input", "", Self.product(inputShape), "", "", ""]]
    for layer in layers {
      layerCells.append([
        layer.name, layer.kind, Self.product(layer.outputShape), Self.count(layer.parameters),
        Self.count(layer.multiplyAdds),
        layer.receptiveField.map { Self.product($0.map(\.size)) } ?? "",
      ])
    }
    var lines = [name]
    lines += Self.table(
      ["layer", "kind", "output", "parameters", "multiply-adds", "receptive field"], layerCells,
      total: ["total", "", "", Self.grouped(parameters), Self.grouped(multiplyAdds), ""],
      numbers: 3...4)
    if let arenaBytes { lines.append("arena  \(Self.grouped(arenaBytes)) bytes") }
    if !tensors.isEmpty {
      lines.append("")
      lines += Self.table(
        ["parameter", "role", "shape", "elements"],
        tensors.map {
          [$0.name, $0.role.rawValue, Self.product($0.shape), Self.grouped($0.elements)]
        },
        total: ["total", "", "", Self.grouped(parameters)], numbers: 3...3)
    }
    lines += warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// Lines of a table; the columns `numbers` go to the right.
  private static func table(
    _ header: [String], _ rows: [[String]], total: [String], numbers: ClosedRange<Int>
  ) -> [String] {
    let cells = [header] + rows + [total]
    let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    func line(_ row: [String]) -> String {
      let padded = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return numbers.contains(column) ? space + cell : cell + space
      }
      return trimmed(padded.joined(separator: "  "))
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    return [line(header), rule] + rows.map(line) + [rule, line(total)]
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
