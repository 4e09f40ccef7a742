import ArgumentParser
import Quern

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the built-in models: name, input shape, parameters.")

  @Flag(help: "Print JSON.")
  var json = false

  private struct Row: Encodable {
    var name: String
    var inputShape: [Int]
    var parameters: Int
    var multiplyAdds: Int
  }

  func run() throws {
    let rows = try BuiltInModel.allCases.map { model in
      let summary = try model.network().summary()
      return Row(
        name: model.name, inputShape: summary.inputShape, parameters: summary.parameters,
        multiplyAdds: summary.multiplyAdds)
    }
    if json { return try JSONOutput.print(rows) }
    var table = TextTable([
      ("model", .left), ("input", .left), ("parameters", .right), ("multiply-adds", .right),
    ])
    for row in rows {
      table.add([
        row.name, row.inputShape.map(String.init).joined(separator: "×"),
        Numbers.grouped(row.parameters), Numbers.grouped(row.multiplyAdds),
      ])
    }
    table.print()
  }
}
