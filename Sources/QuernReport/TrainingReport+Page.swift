import QuernDrawing
import QuernImages

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension TrainingReport {
  /// The page.
  ///
  /// - Throws: `QuernError` where a picture cannot be written as PNG.
  public var html: String {
    get throws {
      let title = "Training report: \(run.model)"
      let sections = [
        curvesSection, evaluationSection, try mistakesSection, try filtersSection, networkSection,
        kernelsSection, settingsSection,
      ].compactMap { $0 }
      let head = HTML(
        "head", [:],
        [
          HTML("meta", ["charset": "utf-8"]),
          HTML("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
          HTML("title", text: title),
          .verbatim("<style>\n\(Self.style)</style>\n"),
        ])
      let header = HTML(
        "header", [:],
        [HTML("h1", text: title), HTML("p", ["class": "muted"], text: run.outcome), tiles])
      let body = HTML("body", [:], [header, HTML("main", [:], sections)])
      let page = HTML(
        "html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"], [head, body])
      return "<!DOCTYPE html>\n" + page.markup
    }
  }

  /// The numbers that people look for first.
  private var tiles: HTML {
    var tiles: [(String, String)] = []
    if let evaluation {
      tiles.append((ReportText.percent(evaluation.errorRate), "error on the \(evaluation.dataset)"))
      tiles.append((NumberText.significant(evaluation.loss), "loss on the \(evaluation.dataset)"))
    }
    if let last = run.curves.epochs.last {
      tiles.append((NumberText.significant(last.loss), "training loss, last epoch"))
      tiles.append((String(last.epoch), last.epoch == 1 ? "epoch done" : "epochs done"))
      let seconds = run.curves.epochs.reduce(0) { $0 + $1.seconds }
      tiles.append((ReportText.seconds(seconds), "in epochs"))
    }
    tiles.append((ReportText.grouped(network.summary.parameters), "parameters"))
    return HTML(
      "ul", ["class": "tiles"],
      tiles.map { value, label in
        HTML("li", [:], [HTML("strong", text: value), HTML("span", text: label)])
      })
  }

  private var settingsSection: HTML? {
    guard !settings.isEmpty else { return nil }
    let rows = settings.flatMap { setting in
      [HTML("dt", text: setting.name), HTML("dd", text: setting.value)]
    }
    return Self.section("Settings", [HTML("dl", [:], rows)])
  }

  static func section(_ title: String, _ content: [HTML]) -> HTML {
    HTML("section", [:], [HTML("h2", text: title)] + content)
  }

  /// A drawing that is narrower where the window is, and never larger than its own size.
  static func figure(_ drawing: Drawing) -> HTML {
    HTML("figure", ["class": "drawing"], [HTML(drawing)])
  }

  /// A picture in the page itself. Each of its pixels becomes a square of `magnification` pixels.
  static func image(_ picture: Picture, magnification: Int = 1, text: String) throws -> HTML {
    let data = Data(try picture.png()).base64EncodedString()
    return HTML(
      "img",
      [
        "src": "data:image/png;base64," + data, "width": "\(picture.width * magnification)",
        "height": "\(picture.height * magnification)", "alt": text,
      ])
  }
}
