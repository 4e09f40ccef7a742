import ArgumentParser

struct LookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "look",
    abstract: "Look at what neurons and filters see: weights as pictures, shifted pictures.",
    subcommands: [LookFiltersCommand.self, LookShiftCommand.self])
}
