import QuernDrawing
import QuernExplain

/// A scalar network as a diagram: circles in layers, arrows with the weights' names.
enum NetworkDrawing {
  /// - Parameter paths: variables of each path that is to stand out, each in a colour of its own.
  static func drawing(_ network: ScalarNetwork, paths: [[Int]], title: String) -> Drawing {
    var diagram = Diagram(title)
    diagram.addLayers(
      network.layers.enumerated().map { number, layer in
        layer.map { neuron in
          Diagram.Item(
            network.variables[neuron].name, [network.variables[neuron].symbol], outline: .circle,
            fill: number == 0 ? Color(0xdeebf7) : .paleGray, width: 52)
        }
      }, gap: 130, spacing: 90)
    for weight in network.weights {
      guard case .weight(let from, let to) = network.variables[weight].kind else { continue }
      let users = paths.indices.filter { number in
        paths[number].first == weight && paths[number].dropFirst().first == to
          || zip(paths[number], paths[number].dropFirst()).contains { $0 == (from, to) }
      }
      // What all paths share is dark; what one of them has alone has its colour.
      let color =
        users.isEmpty ? Color.outline : users.count > 1 ? .ink : Color.series(users[0])
      diagram.connect(
        network.variables[from].name, to: network.variables[to].name,
        label: network.variables[weight].symbol,
        Stroke(
          color, width: users.isEmpty ? 1.2 : 3.5,
          opacity: users.isEmpty && !paths.isEmpty ? 0.5 : 1),
        labelPlace: 0.3)
    }
    return diagram.drawing()
  }
}

/// The same in the terminal, for layers of one or two neurons.
enum TerminalNetwork {
  static func lines(_ network: ScalarNetwork) -> [String] {
    guard network.layers.allSatisfy({ $0.count <= 2 }) else { return [] }
    var rows = [String](repeating: "", count: 5)
    func symbol(_ layer: Int, _ neuron: Int) -> String {
      network.variables[network.layers[layer][neuron]].symbol
    }
    func weight(_ layer: Int, _ from: Int, _ to: Int) -> String {
      let ends = (network.layers[layer][from], network.layers[layer + 1][to])
      let number = network.weights.first { number in
        if case .weight(let from, let to) = network.variables[number].kind {
          return (from, to) == ends
        }
        return false
      }
      return number.map { network.variables[$0].symbol } ?? ""
    }
    for layer in network.layers.indices {
      let width = rows.map(\.count).max() ?? 0
      for row in rows.indices {
        rows[row] += String(repeating: " ", count: width - rows[row].count)
      }
      if network.layers[layer].count == 2 {
        rows[0] += symbol(layer, 0)
        rows[4] += symbol(layer, 1)
      } else {
        rows[2] += symbol(layer, 0)
      }
      guard layer + 1 < network.layers.count else { break }
      switch (network.layers[layer].count, network.layers[layer + 1].count) {
      case (2, 2):
        rows[0] += " ──\(weight(layer, 0, 0))──▶ "
        rows[1] += "   ╲\(weight(layer, 0, 1)) ╱  "
        rows[2] += "     ╳     "
        rows[3] += "   ╱\(weight(layer, 1, 0)) ╲  "
        rows[4] += " ──\(weight(layer, 1, 1))──▶ "
      case (2, 1):
        rows[0] += " ╲"
        rows[1] += "   ╲\(weight(layer, 0, 0))"
        rows[2] += "     ▶ "
        rows[3] += "   ╱\(weight(layer, 1, 0))"
        rows[4] += " ╱"
      default:
        rows[2] += " ──▶ "
      }
    }
    return rows.map { row in
      var row = row
      while row.last == " " { row.removeLast() }
      return row
    }
  }
}
