import Foundation
import QuernTestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `quern train --report` and `--tensorboard`.
@Suite struct ReportCommandTests {
  private final class Page: NSObject, XMLParserDelegate {
    /// With the text of elements inside others.
    private(set) var texts: [String: [String]] = [:]
    private var open: [(String, Int)] = []

    init(contentsOf path: String) throws {
      super.init()
      let parser = XMLParser(data: try Data(contentsOf: URL(filePath: path)))
      parser.delegate = self
      let isWellFormed = parser.parse()
      try #require(isWellFormed, "\(String(describing: parser.parserError))")
    }

    func setting(_ name: String) -> String? {
      texts["dt"]?.firstIndex(of: name).flatMap { texts["dd"]?[$0] }
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      open.append((name, texts[name, default: []].count))
      texts[name, default: []].append("")
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      for (name, place) in open { texts[name]?[place] += text }
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
      qualifiedName: String?
    ) {
      open.removeLast()
    }
  }

  private struct Curves: Decodable {
    struct Epoch: Decodable {
      var epoch: Int
      var evaluationAccuracy: Double
    }
    var model: String
    var epochs: [Epoch]
  }

  private func curves(_ folder: String) throws -> Curves {
    try JSONDecoder().decode(
      Curves.self, from: Data(contentsOf: URL(filePath: folder + "/curves.json")))
  }

  private func eventFiles(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasPrefix("events.out.tfevents.") }.sorted()
  }

  /// Two epochs, then a third of a process of its own.
  @Test func twoEpochsAndOneMore() throws {
    try withTemporaryFolder { folder in
      let weights = folder + "/weights"
      let train = ["train", "digits-conv", "--report", folder, "--tensorboard", folder]
      let result = try quern(train + ["--epochs", "2", "--seed", "3", "--save", weights])
      #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
      #expect(result.output.contains("\nreport: \(folder)/index.html"), "\(result)")

      let page = try Page(contentsOf: folder + "/index.html")
      #expect(page.texts["h1"] == ["Training report: digits-conv"])
      let sections = page.texts["h2"] ?? []
      #expect(
        sections == [
          "Learning curves", "On the test set", "Wrong pictures", "First layer", "Network",
          "Time by kernel", "Settings",
        ])
      #expect(page.texts["li"]?.contains("160,554parameters") == true)
      #expect(page.setting("Seed") == "3" && page.setting("Batch") == "32")
      #expect(page.setting("Schedule") == "cosine:2:0.0")
      #expect(page.setting("Optimizer") == "momentum, momentum 0.9, weightDecay 0.0")
      #expect(page.setting("Command")?.hasPrefix("quern train digits-conv --report /") == true)
      let texts = page.texts["text"] ?? []
      // The network's drawing, and the kernels that take longest: sums of products, whichever had to wait
      // for other processes.
      #expect(texts.contains("conv1 + relu1"))
      #expect(texts.contains { $0.contains("_contraction") }, "\(texts)")

      // The page's figures are those that the terminal showed.
      let found = try curves(folder)
      #expect(found.model == "digits-conv" && found.epochs.map(\.epoch) == [1, 2])
      let errors = page.texts["li"]?.first { $0.hasSuffix("error on the test set") }
      let error = try #require(errors?.split(separator: "%").first)
      #expect(result.output.contains("test error \(error)%"), "\(error): \(result)")
      let wrong = Int(((1 - found.epochs[1].evaluationAccuracy) * 360).rounded())
      let captions = (page.texts["figcaption"] ?? []).filter { $0.contains(" → ") }
      #expect(captions.count == min(wrong, 40))
      #expect(try eventFiles(folder).count == 1)

      let more = try quern(train + ["--epochs", "3", "--load", weights])
      #expect(more.status == 0, "\(more)")
      #expect(try curves(folder).epochs.map(\.epoch) == [1, 2, 3])
      let cells = try Page(contentsOf: folder + "/index.html").texts["tr"] ?? []
      #expect(cells.filter { $0.hasSuffix(" ms") || $0.hasSuffix(" s") }.count == 3, "\(cells)")
      #expect(try eventFiles(folder).count == 2)
    }
  }

  @Test func interrupted() throws {
    try withTemporaryFolder { folder in
      let result = try quern(
        ["train", "digits-conv", "--epochs", "100000", "--report", folder]
      ) { kill($0, SIGINT) }
      // Before the handler is in place, Ctrl-C ends the process.
      try #require(result.status == 130, "\(result)")
      #expect(result.errors.contains("interrupted"), "\(result)")
      #expect(result.output.contains("report: \(folder)/index.html"), "\(result)")
      let page = try Page(contentsOf: folder + "/index.html")
      #expect(page.texts["p"]?.first?.hasPrefix("interrupted after ") == true)
      #expect(page.texts["h2"]?.contains("On the test set") == true)
    }
  }

  /// A folder with 20 training and 10 test pictures of 4×4 pixels, as IDX files.
  private func writePictures(to folder: String) throws {
    func number(_ value: Int) -> [UInt8] { [0, 0, 0, UInt8(value)] }
    for (name, count) in [("train", 20), ("t10k", 10)] {
      let pixels = (0..<count * 16).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      try write(
        [0, 0, 8, 3] + number(count) + number(4) + number(4) + pixels,
        to: "\(folder)/\(name)-images-idx3-ubyte")
      try write(
        [0, 0, 8, 1] + number(count) + (0..<count).map { UInt8($0 % 10) },
        to: "\(folder)/\(name)-labels-idx1-ubyte")
    }
  }

  /// The interpreter has no kernels, and folders are made with those they lie in.
  @Test func interpreter() throws {
    try withTemporaryFolder { folder in
      try writePictures(to: folder)
      let result = try quern([
        "train", "fc", "--data", folder, "--backend", "interpreter", "--epochs", "1", "--batch",
        "10", "--report", folder + "/a/b/",
      ])
      #expect(result.status == 0, "\(result)")
      #expect(result.output.contains("report: \(folder)/a/b/index.html"), "\(result)")
      let page = try Page(contentsOf: folder + "/a/b/index.html")
      #expect(page.texts["h2"]?.contains("Time by kernel") == false)
      #expect(page.texts["h2"]?.contains("First layer") == true)
      try FileManager.default.removeItem(atPath: folder + "/a")
    }
  }

  @Test(arguments: ["--report", "--tensorboard"]) func badFolders(_ option: String) throws {
    try withTemporaryFolder { folder in
      let file = folder + "/file"
      try write([1], to: file)
      for (path, parts) in [
        (file, ["is a file"]), (file + "/below", ["\(file) is a file"]),
        ("/proc/quern/runs", ["/proc/quern", "cannot be made"]), ("", ["empty"]),
      ] {
        let result = try quern(["train", "digits-conv", option, path])
        #expect(result.status == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errorLines.count == 1 && result.errors.hasPrefix("quern: \(option)"))
        for part in parts { #expect(result.errors.contains(part), "\(result)") }
      }
    }
  }

  /// A file of the report's names that is none of its files.
  @Test func badFiles() throws {
    try withTemporaryFolder { folder in
      let weights = folder + "/weights"
      let train = ["train", "digits-conv", "--epochs", "1"]
      try #require(try quern(train + ["--save", weights]).status == 0)
      try write(Array("nonsense".utf8), to: folder + "/curves.json")
      let result = try quern(
        ["train", "digits-conv", "--epochs", "2", "--load", weights, "--report", folder])
      #expect(result.status == 1 && !result.output.contains("epoch 2/2"), "\(result)")
      #expect(result.errors.contains("\(folder)/curves.json: is no file of learning curves"))
      try #require(mkdir(folder + "/index.html", 0o755) == 0)
      let second = try quern(train + ["--report", folder])
      #expect(second.status == 1 && second.output.isEmpty, "\(second)")
      #expect(second.errors.contains("\(folder)/index.html: is a folder"), "\(second)")
      rmdir(folder + "/index.html")
    }
  }
}
