import ArgumentParser
import Quern
import QuernCodegen
import QuernVectors

/// Prints hashes of the code that the compiler generates; `run.sh` compares them with the committed
/// list.
@main
struct QuernGolden: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "QuernGolden",
    abstract: "Hash the code that is generated for fixed networks, graphs and machines.",
    discussion: """
      A line of the list is: hash of the C for any compiler, hash of the C for TinyCC, hash of the \
      machine code beside it, name. Comments and white space in the C do not count.
      """,
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the list.")

    @Option(help: "Only names that contain this text.")
    var only: String?

    func run() throws {
      for subject in Subject.all where only.map(subject.name.contains) ?? true {
        print(try subject.line())
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the C of one name, to compare it with another revision's.")

    @Argument(help: "As the list has it.")
    var name: String

    @Flag(help: "As TinyCC reads it, with the machine code in hexadecimal digits.")
    var tinycc = false

    func run() throws {
      guard let subject = Subject.all.first(where: { $0.name == name }) else {
        throw ValidationError("\(name): there is no such name in the list; see 'list'")
      }
      let code = try subject.code(for: tinycc ? .tinycc : .everyone)
      print(code.source)
      for block in code.machineCode {
        let digits = block.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        print("// \(block.name): \(digits.joined(separator: " "))")
      }
    }
  }
}

extension Subject {
  func code(for reader: KernelRenderer.Reader) throws -> GeneratedCode {
    try CompiledGraph.plan(graph(), options, reader: reader).code
  }

  /// The subject's line of the list.
  func line() throws -> String {
    var (everyone, tinycc, machine) = (TokenHash(), TokenHash(), TokenHash())
    everyone.add(tokensOf: try code(for: .everyone).source)
    let code = try code(for: .tinycc)
    tinycc.add(tokensOf: code.source)
    for block in code.machineCode {
      machine.add(bytes: block.name.utf8)
      machine.add(bytes: block.bytes)
    }
    return "\(everyone.text) \(tinycc.text) \(machine.text) \(name)"
  }
}
