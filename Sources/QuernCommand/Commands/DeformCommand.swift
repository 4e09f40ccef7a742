import ArgumentParser
import Quern

struct DeformCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deform",
    abstract: "Draw training pictures as they are, and as epochs of training would deform them.",
    discussion: """
      The pictures are those that 'quern train --deform' with the same seed trains on, where the \
      network takes pictures of their size and no share is set apart for validation.

      Examples:
        quern deform --data mnist
        quern deform --data mnist --deform elastic:4:34 --pictures 0,7 --epochs 6
        quern deform --data mnist --pictures 0,1,2,3 --epochs 9 -o deformed.png
      """)

  @Option(help: DataArguments.help())
  var data = "digits"

  @Option(help: "How: paper, or parts, as 'quern train --help' lists them under --deform.")
  var deform = "paper"

  @Option(help: "Places in the training set, with commas between, counted from 0.")
  var pictures = "0,1,2"

  @Option(parsing: .unconditional, help: "How many epochs.")
  var epochs = 4

  @Option(parsing: .unconditional, help: "As in 'quern train'.")
  var seed: UInt64 = 1

  @Option(
    name: [.customShort("o"), .long],
    help: "A PNG file to write: a row for each picture, which comes first.")
  var output: String?

  func run() throws {
    guard 1...1000 ~= epochs else { throw Failure("--epochs is \(epochs); give 1 to 1000") }
    let deformation: Deformation
    do { deformation = try Deformation(deform) } catch { throw Failure("--deform: \(error)") }
    let dataset = try DataSource.named(data).trainingSet()
    let places = try pictures.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let place = Int(text), 0..<dataset.count ~= place else {
        throw Failure(
          "--pictures: \"\(text)\" found; give numbers of 0 … \(dataset.count - 1) with commas "
            + "between")
      }
      return place
    }
    if let output { try Files.checkWritable(output) }
    let deformer = try PictureDeformer(dataset, deformation, seed: seed)
    var sheet: [Picture] = []
    for place in places {
      var drawings = [try dataset.picture(place)]
      for epoch in 0..<epochs { drawings.append(deformer.picture(place, epoch: epoch)) }
      print(
        "picture \(place), of class \(dataset.labels[place]); as it is, then epoch 1 … \(epochs)")
      draw(drawings, height: dataset.height, width: dataset.width)
      sheet += try drawings.map {
        try Picture(height: dataset.height, width: dataset.width, channels: 1, values: $0)
      }
    }
    if let output {
      let magnification = Montage.magnification(height: dataset.height, width: dataset.width)
      try Montage(columns: epochs + 1, magnification: magnification).sheet(sheet)
        .writePNG(to: output)
      print("written: \(output)")
    }
  }

  /// Draws pictures side by side, as many in a row as fit into the terminal.
  private func draw(_ pictures: [[Float]], height: Int, width: Int) {
    let gap = 2
    let perLine = max((Terminal.width + gap) / (width + gap), 1)
    for start in stride(from: 0, to: pictures.count, by: perLine) {
      let drawn = pictures[start..<min(start + perLine, pictures.count)].map {
        TerminalPicture.lines($0, height: height, width: width, range: 0...1)
      }
      for line in 0..<(drawn.first?.count ?? 0) {
        print(drawn.map { $0[line] }.joined(separator: String(repeating: " ", count: gap)))
      }
    }
  }
}
