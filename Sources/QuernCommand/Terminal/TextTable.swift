/// A table for the terminal: columns as wide as their widest cell, numbers to the right.
struct TextTable {
  enum Alignment { case left, right }

  private var rows: [[String]]
  private let alignments: [Alignment]
  /// Rows before which a rule is drawn.
  private var rules: Set<Int> = [1]

  init(_ columns: [(title: String, alignment: Alignment)]) {
    rows = [columns.map(\.title)]
    alignments = columns.map(\.alignment)
  }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// A line between the rows before and those that follow.
  mutating func rule() { rules.insert(rows.count) }

  var lines: [String] {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var result: [String] = []
    for (number, row) in rows.enumerated() {
      if rules.contains(number) {
        result.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "))
      }
      let cells = zip(row, zip(widths, alignments)).map { cell, layout in
        let space = String(repeating: " ", count: layout.0 - cell.count)
        return layout.1 == .left ? cell + space : space + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      result.append(line)
    }
    return result
  }

  func print() { for line in lines { Swift.print(line) } }
}
