// @ts-check
/**
 * Shapes of the server's answers, for the type checker only.
 *
 * @typedef {{ zh: string, en: string }} Text
 * @typedef {'real' | 'derived' | 'schematic' | 'synthetic'} Origin
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {Text | string} title
 * @property {string} type
 * @property {string | null} [unit]
 * @property {Record<string, Text>} [values]
 *
 * @typedef {object} LegendEntry
 * @property {Text | string} label
 * @property {'line' | 'fill' | 'circle' | 'icon' | 'ramp'} symbol
 * @property {string | null} [icon]
 * @property {{ dark: string | string[], light: string | string[] } | null} [color]
 * @property {number | null} [width]
 * @property {number[] | null} [dash]
 * @property {string | null} [text]
 *
 * @typedef {object} Layer
 * @property {string} id
 * @property {string} area
 * @property {Text | string} title
 * @property {Text | string} description
 * @property {'point' | 'line' | 'polygon' | 'none'} geometry
 * @property {Partial<Record<Origin, number>>} origins
 * @property {{ title: Text | string, license: string, license_url: string | null, attribution: string }[]} source
 * @property {boolean} visible
 * @property {number | null} minzoom
 * @property {number | null} maxzoom
 * @property {{ field: string, end?: string | null, extent: [string, string] } | null} time
 * @property {Column[]} columns
 * @property {{ title: Text | string, entries: LegendEntry[] }} legend
 * @property {string[]} style_layers
 * @property {string} items
 * @property {string} tilejson
 * @property {false | { kind: string }} editable
 * @property {number} count
 * @property {{ state: 'current' | 'stale' | 'never', computed_at?: string } | null} computed
 *
 * @typedef {object} HeatEntry - a row of a surface's legend: a class, or a state without a value
 * @property {number} [class]
 * @property {string} [state]
 * @property {Text} label
 * @property {'fill' | 'hatch' | 'cross' | 'flat' | 'dots'} symbol
 * @property {{ dark: string, light: string }} color
 *
 * @typedef {object} HeatSurface
 * @property {string} surface
 * @property {Text} title
 * @property {Text} unit
 * @property {{ key: string, version: string } | null} rule of the bounds; null while none is in force
 * @property {HeatEntry[]} entries
 *
 * @typedef {object} HeatLayer - surfaces of cells that the server computes by the parameters of the address
 * @property {string} id
 * @property {Text} title
 * @property {Text} description
 * @property {number} minzoom
 * @property {number} maxzoom
 * @property {{ properties: Record<string, any> }} parameters
 * @property {HeatSurface[]} surfaces
 * @property {string} tiles
 *
 * @typedef {object} Kpi
 * @property {string} id
 * @property {Text | string} title
 * @property {number | null} value
 * @property {Text | string | null} unit
 * @property {Origin | null} origin
 * @property {string | null} layer
 * @property {string | null} href
 *
 * @typedef {object} Catalogue
 * @property {string} version
 * @property {Text | string} title
 * @property {{ id: string, title: Text | string, layers: string[] }[]} areas
 * @property {Layer[]} layers
 * @property {HeatLayer[]} [functions] layers that are computed by the address
 * @property {Kpi[]} kpis
 * @property {{ title: Text | string, origin: Origin, note: Text | string }[]} origin_strip
 * @property {string | null} review_number
 *
 * @typedef {{ id: string, name: Text, role: string, scope: string, unit_id: string | null }} Account
 * @typedef {{ account: Account | null, csrf: string | null }} Session
 *
 * @typedef {{ type: 'Feature', id?: string | number, geometry: any, properties: Record<string, any> }} Feature
 * @typedef {{ state: 'empty' }
 *   | { state: 'loading' }
 *   | { state: 'error', error: Error }
 *   | { state: 'ready', layer: string, feature: Feature }} FeatureState
 *
 * @typedef {object} Receipt
 * @property {string} party
 * @property {Text | string} [name]
 * @property {string | null} delivered_at
 * @property {string | null} acknowledged_at
 *
 * @typedef {{ id: string | null, title: Text | null, valid_to: string | null, edges?: number }} StillClosed
 *
 * @typedef {object} AlarmRule
 * @property {number} repeat_s
 * @property {{ after_min: number, to: 'above' | 'province' }[]} calls
 * @property {string} rule
 *
 * @typedef {object} EventFeature
 * @property {'Feature'} type
 * @property {string} id
 * @property {any} geometry
 * @property {Record<string, any> & { receipts?: Receipt[] }} properties
 *
 * @typedef {object} Toast
 * @property {number} id
 * @property {'info' | 'ok' | 'warn' | 'bad'} kind
 * @property {string} text
 * @property {{ label: string, run: () => void }} [action]
 * @property {boolean} [sticky]
 *
 * @typedef {object} PathResult
 * @property {string} key what was asked: waypoints, profile, vehicle
 * @property {Feature} feature
 * @property {number} version
 * @property {Feature[]} features
 *
 * @typedef {{ state: 'empty' }
 *   | { state: 'loading', now?: PathResult, before?: PathResult }
 *   | { state: 'error', error: Error, before?: PathResult }
 *   | { state: 'ready', now: PathResult, before?: PathResult }} PathState
 *
 * @typedef {object} Profile
 * @property {string} id
 * @property {Text} title
 * @property {string} network kind of network that it moves on
 * @property {string} group
 * @property {Record<string, number>} sizes defaults, m and t
 * @property {string[]} limits names of the limits that it heeds
 * @property {boolean} hazmat whether it may carry dangerous goods
 * @property {string[]} [hazmat_values]
 * @property {boolean} [permit]
 * @property {{ key: string, legal_text?: Text | string | null, source?: Text | string | null } | null} rule
 *
 * @typedef {{ state: 'empty' }
 *   | { state: 'loading', features: Feature[] }
 *   | { state: 'error', error: Error }
 *   | { state: 'ready', features: Feature[] }} ReachState
 *
 * @typedef {{ index: number, insert: boolean, lon: number, lat: number }} Dragged
 *
 * @typedef {object} Blocking
 * @property {string} edge
 * @property {string | null} ref
 * @property {Text | null} name
 * @property {string} limit
 * @property {unknown} value
 * @property {unknown} vehicle
 * @property {Text | string | null} [legal_text]
 * @property {Text | string | null} [law]
 * @property {Text | string | null} [source]
 * @property {Origin | null} [origin]
 *
 * @typedef {object} Relaxation
 * @property {Blocking[]} edges
 * @property {number} places
 * @property {{ limit: string, from: unknown, to: unknown }[]} give
 * @property {number} length_m
 * @property {number} duration_s
 * @property {any} geometry
 *
 * @typedef {object} DrawState
 * @property {null | 'distance' | 'area' | 'closure' | 'point' | 'line' | 'polygon'} mode
 * @property {'flight' | 'restriction' | 'heat' | 'voyage' | 'linkage-start' | 'linkage-goal' | 'linkage-drill'} [goal]
 *   form that what is drawn goes into
 * @property {[number, number][]} [points]
 * @property {boolean} [done]
 *
 * @typedef {object} Span - a part of a route between two stakes in m
 * @property {string} route
 * @property {'up' | 'down' | null} side
 * @property {number} k_from
 * @property {number} k_to
 *
 * @typedef {object} ClosureTarget - what a form is about: something by its id or shape, or a stretch of a route
 * @property {string} label
 * @property {Record<string, unknown>} [target]
 * @property {Span} [span]
 * @property {boolean} directed
 *
 * @typedef {object} Preview - what an event would act on
 * @property {any} geometry
 * @property {PreviewFacts} properties
 *
 * @typedef {{ length_m: number, duration_s: number }} Driven
 * @typedef {object} Detour - a shut stretch between two junctions: how it is driven now, and round; null is no way
 * @property {[number, number]} from
 * @property {[number, number]} to
 * @property {number} shut_m
 * @property {{ now: Driven | null, round: Driven | null }} car
 * @property {{ now: Driven | null, round: Driven | null }} truck
 *
 * @typedef {object} PreviewFacts
 * @property {Text} title
 * @property {string | null} route
 * @property {'up' | 'down' | null} side
 * @property {{ side: 'up' | 'down', zh: string | null, en: string | null }[]} towards
 * @property {string[]} edges
 * @property {number} edge_count
 * @property {number} edges_m
 * @property {number | null} length_m
 * @property {{ calibrated: boolean, accuracy_m: number | null } | null} stretch
 * @property {Text | null} refused
 * @property {StillClosed[]} closed_by
 *
 * @typedef {object} SearchResult
 * @property {string} layer
 * @property {string | null} id
 * @property {Text | string} label
 * @property {Text | string} kind_label
 * @property {Record<string, string> | string[] | string | null} codes
 * @property {Origin | null} origin
 * @property {[number, number]} center
 * @property {number[] | null} [bbox]
 * @property {'feature' | 'coordinate' | 'cell' | 'stake' | 'span' | 'fly'} action
 * @property {Text | null} [area] the unit that it lies in
 * @property {number | null} [distance_m] from the middle of the map
 * @property {any} [geometry] the line of a stretch
 * @property {string} [route] of a stake, or of a stretch between two
 * @property {'up' | 'down'} [side]
 * @property {number} [k_m]
 * @property {number | null} [k_to_m]
 *
 * @typedef {{ href: string, rel: string, sum: string | null }} Opening
 *
 * @typedef {object} Report
 * @property {string} id
 * @property {Text} title
 * @property {{ period: string, version: number, retroactive: boolean }[]} versions the newest first
 *
 * @typedef {object} ReportEdition
 * @property {'public' | 'province'} audience
 * @property {{ href: string, title: string }[]} links to its files
 *
 * @typedef {object} ScenarioShort
 * @property {string} id
 * @property {string} area
 * @property {string} title
 * @property {string} question
 * @property {{ id: string, title: string | null }[]} rows of the plan
 * @property {{ id: string, title: string, origin: Origin }} team
 * @property {{ id: string, title: string }} maturity
 * @property {Partial<Record<Origin, number>>} origins
 *
 * @typedef {object} ScenarioParts
 * @property {string[]} users
 * @property {{ layers: string[], colour: string | null, time: string | null,
 *   table: { layer: string, filter: string | null, order: string | null } | null }} view
 * @property {{ indicator: string, title: string, unit: string, better: 'higher' | 'lower',
 *   series: 'week' | 'month' | null }[]} numbers
 * @property {ProcessStep[]} processes
 * @property {{ rule: string, title: string, in_force: { version: string, valid_from: string,
 *   origin: Origin, legal_text: string | null, source: string } | null }[]} basis
 * @property {ExampleDeclared[]} examples
 *
 * @typedef {ScenarioShort & ScenarioParts} Scenario
 *
 * @typedef {object} ProcessStep
 * @property {string} id
 * @property {string} title
 * @property {string} description
 * @property {Record<string, { title: string, value: unknown }>} fixed
 * @property {Record<string, ProcessInput>} editable
 *
 * @typedef {{ title: string, description?: string, minOccurs?: number, schema: any }} ProcessInput
 *
 * @typedef {object} ExampleDeclared
 * @property {string} kind
 * @property {string} title
 * @property {Record<string, unknown>} given
 * @property {{ at: string, value: unknown, tolerance: number | null }[]} expected
 *
 * @typedef {ExampleDeclared & { ok: boolean | null, error: string | null, skipped: string | null,
 *   got: { at: string, value: unknown, ok: boolean }[] }} ExampleRun
 *
 * @typedef {object} Counted
 * @property {number | null} value
 * @property {number | null} numerator
 * @property {number | null} denominator
 * @property {Origin[]} origins
 * @property {boolean} suppressed
 *
 * @typedef {Counted & { period: string }} Point
 *
 * @typedef {object} IndexValue
 * @property {number | null} raw
 * @property {{ name: string, indicator: string, score: number | null, weight: number, gives: number | null,
 *   links: Opening[] }[]} parts
 * @property {{ indicator: string, title: Text, value: number, above: number, cap: number, links: Opening[] }[]} vetoes
 *
 * @typedef {Counted & { unit: { code: string, title: Text }, rank: number | null, previous: number | null,
 *   links: Opening[], index?: IndexValue }} UnitValue
 *
 * @typedef {object} Tile
 * @property {string} indicator
 * @property {Text} title
 * @property {string} as_of
 * @property {{ id: string }} period
 * @property {{ key: string, version: string } | null} rule
 * @property {UnitValue} total
 * @property {UnitValue[]} values
 * @property {{ status: number, detail: string }} [problem] - why a tile of a board has no number
 *
 * @typedef {object} BoardColumns - the numbers of the units of a level, one list for each property
 * @property {string[]} code
 * @property {(number | null)[]} value
 * @property {(number | null)[]} numerator
 * @property {(number | null)[]} denominator
 * @property {(number | null)[]} previous
 * @property {(number | null)[]} rank
 * @property {string[]} suppressed
 *
 * @typedef {object} BoardTile
 * @property {string} indicator
 * @property {Text} title
 * @property {Text} unit
 * @property {number} digits
 * @property {'higher' | 'lower' | null} better
 * @property {string} as_of
 * @property {UnitValue} total
 * @property {Opening[]} opens - rows of both sides, wherever they lie
 * @property {Record<'prefecture' | 'county', BoardColumns | undefined>} columns
 * @property {{ status: number, detail: string }} [problem]
 *
 * @typedef {object} IndicatorFacts
 * @property {string} id
 * @property {Text} title
 * @property {Text} unit
 * @property {number} digits
 * @property {'higher' | 'lower'} better
 * @property {string[]} [stands_on]
 *
 * @typedef {'prohibited' | 'needs_approval' | 'needs_confirmation' | 'undetermined' | 'suitable'} Verdict
 *
 * @typedef {{ value: number | null, datum: string, unit: string, included: boolean }} AirLimit
 *
 * @typedef {object} AirZone - a zone, or a ceiling of the aircraft, that speaks of a flight
 * @property {string} id
 * @property {string} sort
 * @property {string} level
 * @property {string | null} name_zh
 * @property {string | null} name_en
 * @property {AirLimit | null} floor
 * @property {AirLimit | null} ceiling
 * @property {string | null} valid_from
 * @property {string | null} valid_to
 * @property {string | null} rule
 * @property {string | null} legal_text
 * @property {Text} authority
 * @property {Origin} origin
 * @property {'inside' | 'perhaps'} state
 * @property {string[]} missing
 * @property {'none' | Verdict} effect
 *
 * @typedef {{ point: [number, number], distance_m: number, geometry?: { type: string, coordinates: any } }} AirSide
 *
 * @typedef {object} AirAnswer - what the server says to "may I fly?"
 * @property {string} id
 * @property {string} asked_at
 * @property {Verdict} verdict
 * @property {Verdict[]} verdict_range
 * @property {string} at
 * @property {string} until
 * @property {string[]} airspace_class
 * @property {AirZone[]} zones
 * @property {string[]} missing
 * @property {{ counties: { name_zh: string, name_en: string }[], beyond: boolean, unknown: string[] }} ground
 * @property {Record<string, [number, number] | null>} heights
 * @property {{ title: Text, file_by: string | null, reply_by: string | null, confirm_by: string | null,
 *   late: boolean, rule: string, legal_text: string, source: string }} filing
 * @property {string | null} valid_until
 * @property {string} data_as_of
 * @property {number} airspace_version
 * @property {{ name: string, origin: Origin, accuracy_m: number } | null} terrain
 * @property {Text} note
 * @property {{ height: { value: number, datum: string, unit: string } | null, time: string | null,
 *   side: AirSide | null, omitted: ('height' | 'time' | 'side')[] }} [alternatives]
 *
 * @typedef {object} AirConflict
 * @property {string} id
 * @property {string} manager
 * @property {string} state
 * @property {number} priority
 * @property {string} time_start
 * @property {string} time_end
 * @property {any[]} [volumes] as ASTM F3548 writes them
 *
 * @typedef {{ by: 'time' | 'height' | 'side', shift_s?: number, shift_m?: number, bearing_deg?: number,
 *   cost: number, volumes: any[] }} Shift
 *
 * @typedef {{ conflicts: AirConflict[], alternatives: Shift[] }} Overlap
 *
 * @typedef {object} FlightPlan
 * @property {string} id
 * @property {string} state
 * @property {string | null} ovn
 * @property {number} priority
 * @property {string} title
 * @property {string} task
 * @property {string} time_start
 * @property {string} time_end
 * @property {any[]} volumes
 * @property {string} account_id
 * @property {string | null} admin_code
 * @property {string} filed_at
 * @property {string | null} decide_by
 * @property {{ verdict: Verdict, verdict_range: Verdict[], zones: AirZone[], missing: string[] } | null} verdict
 * @property {string | null} decision
 * @property {string | null} legal_text
 * @property {string | null} reason
 * @property {string | null} override_by
 * @property {string | null} decided_by
 * @property {string | null} decided_at
 * @property {AirConflict[]} [conflicts]
 * @property {string[]} [rivals]
 *
 * @typedef {object} Affected - a flight that a restriction concerns, and what was told of it; never who flies
 * @property {string} id
 * @property {string} manager
 * @property {string} state
 * @property {'inside' | 'uncertain' | 'outside'} effect
 * @property {string[]} missing
 * @property {string} time_start
 * @property {string} time_end
 * @property {string | null} told_at
 * @property {string | null} received_at
 * @property {string | null} received_by
 *
 * @typedef {{ restriction_id: string, intent_id: string, effect: string, action: string, told_at: string,
 *   received_at: string | null }} AirNotice
 *
 * @typedef {object} Restriction
 * @property {string} id
 * @property {Affected[]} [affected]
 * @property {any} geometry
 * @property {{ restriction: string, reason: string, name_zh: string, code: string, floor_m: number | null,
 *   floor_datum: string | null, ceiling_m: number | null, ceiling_datum: string | null, valid_from: string,
 *   valid_to: string, legal_text: string | null, authority: string | null, version: number,
 *   may_change: boolean }} properties
 *
 * @typedef {{ key: string, title: Text | string, in_force: string | null, legal_text: string | null,
 *   source: string, origin: Origin }} RuleShort
 * @typedef {{ value_m: number | null, datum: 'AGL' | 'AMSL' | 'W84' | 'STD' | null, included: boolean }} SkyLimit
 * @typedef {{ begin_ms: number, end_ms: number }} Dated - times read once, in milliseconds
 *
 * @typedef {object} SkyZoneFacts
 * @property {string} id
 * @property {string} layer
 * @property {string} class
 * @property {string} restriction
 * @property {Text} name
 * @property {boolean} uncertain
 * @property {SkyLimit | null} floor
 * @property {SkyLimit | null} ceiling
 *
 * @typedef {{ agl_m: (number | null)[], amsl_m: (number | null)[], geometry: any }} SkyBand
 * @typedef {SkyZoneFacts & SkyBand & Dated & { origin: string, ground_m: number | null }} SkyZone
 * @typedef {SkyBand & Dated & { part: number, w84_m: number[] }} SkyVolume
 *
 * @typedef {object} SkyPath - columns along a planned path
 * @property {number[]} at_s
 * @property {number[]} lon
 * @property {number[]} lat
 * @property {number[]} w84_m
 * @property {(number | null)[]} amsl_m
 * @property {(number | null)[]} ground_m
 *
 * @typedef {object} SkyFlightFacts
 * @property {string} id
 * @property {'operations' | 'intents'} layer
 * @property {'operational_intent' | 'constraint'} kind
 * @property {string | null} state
 * @property {number | null} priority
 * @property {Text | null} name
 * @property {string | null} manager
 * @property {Origin | null} origin
 * @property {SkyVolume[]} volumes
 * @property {SkyPath | null} path
 *
 * @typedef {SkyFlightFacts & Dated} SkyFlight
 * @typedef {{ lon: number, lat: number, W84: number, AMSL: number | null, AGL: number | null, ground: number | null }}
 *   SkyPlace
 *
 * @typedef {object} SkyFacts
 * @property {{ name: string, origin: Origin, accuracy_m: number } | null} terrain
 * @property {string | null} geoid
 * @property {string[]} missing
 * @property {number} open_top_m
 *
 * @typedef {SkyFacts & { day_ms: number, zones: SkyZone[], flights: SkyFlight[], others_shown: boolean,
 *   truncated: boolean }} SkyPicture
 *
 * @typedef {SkyZoneFacts & { first: number, last: number, floor_m: (number | null)[], top_m: (number | null)[] }}
 *   SkyStretch
 * @typedef {object} SkyClass
 * @property {string} class
 * @property {(number | null)[]} floor_m
 * @property {(number | null)[] | null} top_m
 * @property {SkyLimit | null} top as its rule states it
 *
 * @typedef {object} SkySectionColumns
 * @property {string} at
 * @property {number[]} along_m
 * @property {number[]} lon
 * @property {number[]} lat
 * @property {(number | null)[]} ground_m
 * @property {(number | null)[]} unknown_categories
 * @property {SkyClass[]} bands
 * @property {SkyStretch[]} zones
 *
 * @typedef {SkyFacts & SkySectionColumns} SkySection
 *
 * @typedef {object} WaterGauge
 * @property {string} [code]
 * @property {Text} [name]
 * @property {string} [datum]
 * @property {{ p10: number | null, p50: number | null, p90: number | null }} level_m
 *
 * @typedef {object} WaterLimit
 * @property {string} kind
 * @property {number | null} value
 * @property {WaterVerdict} verdict
 * @property {{ least: number | null, most: number | null }} [available]
 * @property {number | null} [needed]
 * @property {WaterGauge | null} [gauge]
 *
 * @typedef {'passes' | 'cannot_tell' | 'refused'} WaterVerdict
 * @typedef {{ number?: number, name?: Text, verdict: WaterVerdict, limits: WaterLimit[] }} WaterOpening
 * @typedef {{ name: Text, kind: string, openings: WaterOpening[] }} WaterStructure
 *
 * @typedef {object} WaterEdge an edge with its limits, as the vessel finds them
 * @property {string} edge
 * @property {Text} name
 * @property {Origin} [origin]
 * @property {WaterVerdict} verdict
 * @property {WaterLimit[]} limits
 * @property {WaterStructure[]} structures
 *
 * @typedef {object} Missing a value that is not known and would decide
 * @property {'limit' | 'value' | 'level' | 'vessel' | 'survey'} what
 * @property {string | null} kind
 * @property {string[]} edges
 * @property {number | null} [at_least]
 * @property {string} [size]
 * @property {{ name: Text }} [structure]
 * @property {WaterGauge} [gauge]
 *
 * @typedef {object} VoyageProperties
 * @property {WaterVerdict} answer
 * @property {number} length_m
 * @property {Missing[]} missing
 * @property {WaterEdge[]} doubts
 * @property {{ kind: string, fault: string, article: string }[] | null} papers
 * @property {{ id: string, name: Text, kind: string, lock: boolean,
 *   openings: { sizes: Record<string, number> }[] }[]} structures
 * @property {{ arrive_at: string, with_locks_s: { p10: number, p50: number, p90: number },
 *   waits_unknown: string[] }} eta
 * @property {import('./voyage.js').Along[]} [profile_along]
 *
 * @typedef {{ features: { geometry: any, properties: VoyageProperties }[] }} VoyageAnswer
 *
 * @typedef {object} LoadingDay
 * @property {string} date
 * @property {{ p10: number | null, p50: number | null, p90: number | null }} payload_t
 * @property {{ p10: number | null, p50: number | null, p90: number | null }} draught_m
 * @property {WaterEdge | null} limiting
 *
 * @typedef {{ answer: WaterVerdict, days: LoadingDay[] }} Loading
 *
 * @typedef {'up' | 'down'} LockWay
 *
 * @typedef {object} Lockage - times are epoch seconds
 * @property {string} chamber
 * @property {LockWay} way
 * @property {number} start
 * @property {number} end
 * @property {string[]} ships
 * @property {{ ship: string, x_m: number, y_m: number }[]} berths
 *
 * @typedef {object} LockPlan
 * @property {Lockage[]} lockages
 * @property {Record<string, number>} waits
 * @property {number} cost
 * @property {number} bound
 * @property {number} gap
 * @property {boolean} optimal
 * @property {{ overtaken_most: number, wait_most: number, wait_held: number, published_held: boolean }} bounds
 *
 * @typedef {object} LockRow - a declared vessel
 * @property {string} id
 * @property {string} vessel
 * @property {string | null} voyage
 * @property {LockWay} way
 * @property {number} ready
 * @property {string | null} checked_in_at
 * @property {number} length_m
 * @property {number} beam_m
 * @property {number | null} draught_m
 * @property {string} cargo
 * @property {string} rank
 * @property {'declared' | 'checked_in'} state
 * @property {Origin} origin
 *
 * @typedef {object} LockSummary
 * @property {string} id
 * @property {Text} name
 * @property {[number, number]} place
 * @property {Origin} origin
 * @property {{ id: string, length_m: number, beam_m: number, lasts_s: number, sill_depth_m: number | null,
 *   open_now: boolean }[]} chambers
 * @property {string[]} chambers_unknown
 * @property {number | null} plan_version
 * @property {string | null} plan_made_at
 * @property {{ up: number, down: number }} waiting
 * @property {{ up: number, down: number }} waiting_now
 * @property {number | null} longest_wait_s
 * @property {{ chamber: string, way: LockWay, start: number, ships: number } | null} next
 * @property {number | null} busy
 *
 * @typedef {LockSummary & { queue: LockRow[], plan: LockPlan | null, undo: number | null,
 *   may: { ask: boolean, publish: boolean } }} LockDetail
 *
 * @typedef {object} LockOption - a lockage that a vessel may be moved to, by its number; null: one of its own
 * @property {number | null} to
 * @property {boolean} allowed
 * @property {{ cause: string, text: Text, detail: Text, ships: string[], short_m: number | null }} [refusal]
 * @property {string} [chamber]
 * @property {number} [start]
 * @property {Record<string, number>} [later]
 * @property {Record<string, number>} [past_promise]
 */
export {};
