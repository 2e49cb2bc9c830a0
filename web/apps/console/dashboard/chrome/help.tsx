import { Modal } from "@mantine/core";
import classes from "./help.module.css";

const KEYS: [string, [string, string][]][] = [
  [
    "Time",
    [
      ["r", "Refresh"],
      ["t ←", "Earlier"],
      ["t →", "Later"],
      ["t z", "Zoom out"],
    ],
  ],
  [
    "Panel under the pointer, or with the focus",
    [
      ["v", "See it alone, and back"],
      ["e", "Explore its query"],
      ["i", "Inspect its data"],
    ],
  ],
  [
    "Dashboard",
    [
      ["d k", "Kiosk mode"],
      ["d e", "Open all rows"],
      ["d c", "Close all rows"],
      ["Esc", "Leave the panel, or kiosk mode"],
    ],
  ],
  [
    "Go to",
    [
      ["g d", "Dashboards"],
      ["g a", "Alerts"],
      ["g t", "Targets"],
      ["g e", "Explore"],
      ["?", "This help"],
    ],
  ],
];

export default function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keyboard" size="lg">
      <div className={classes.groups}>
        {KEYS.map(([group, keys]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    {key.split(" ").map((part) => (
                      <kbd key={part}>{part}</kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
